/** The four shapes, their half-closes, their order, and what they carry besides messages. */
import { randomBytes } from 'node:crypto'
import grpc from '@grpc/grpc-js'
import { exactly } from '../bounds.ts'
import { echoes } from './metadata.ts'
import { type Fields, type Result, type Spec, spec } from './spec.ts'
import type { Judge, Story } from './story.ts'

const { OK } = grpc.status
const ORDERED = 10_000

/** Code, messages that came, in order or not, number of the last. */
function came({ code, received, ordered, last }: Result): unknown[] {
  return [code, received, ordered, last]
}

/** A call, what came of it, and what the server must have read: undefined where that is another story. */
interface Case {
  readonly what: string
  readonly made: Spec
  readonly wanted: readonly unknown[]
  readonly read?: number
}

const SHAPES: readonly Case[] = [
  { what: 'CreateOrder, unary', made: spec('create', 'CreateOrder'), wanted: [OK, 1, true, 0] },
  { what: 'GetOrder, unary', made: spec('get', 'GetOrder'), wanted: [OK, 1, true, 0] },
  {
    what: 'GetUserOrders, server stream',
    made: spec('list', 'GetUserOrders', { does: { greet: 100 } }),
    wanted: [OK, 100, true, 99],
  },
  {
    what: 'BatchCreateOrders, client stream',
    made: spec('batch', 'BatchCreateOrders', { send: 100 }),
    // One answer, whose number says how many orders came.
    wanted: [OK, 1, false, 100],
    read: 100,
  },
  {
    what: 'SyncOrders, by turns',
    made: spec('sync', 'SyncOrders', { send: 100, turns: true }),
    wanted: [OK, 100, true, 99],
    read: 100,
  },
  {
    what: `SyncOrders, ${ORDERED} both ways`,
    made: spec('ordered', 'SyncOrders', { send: ORDERED }),
    wanted: [OK, ORDERED, true, ORDERED - 1],
    read: ORDERED,
  },
]

const HALF_CLOSES: readonly Case[] = [
  {
    what: 'half-close: client first, answers behind it',
    made: spec('half-client', 'SyncOrders', { send: 3, does: { wait: true } }),
    wanted: [OK, 3, true, 2],
    read: 3,
  },
  {
    what: 'half-close: server speaks first, client ends without a message',
    made: spec('half-greeted', 'SyncOrders', { send: 0, endAfter: 3, does: { greet: 3 } }),
    wanted: [OK, 3, true, 2],
    read: 0,
  },
  {
    what: 'half-close: both without a message',
    made: spec('half-empty', 'SyncOrders', { send: 0 }),
    wanted: [OK, 0, true, 0],
    read: 0,
  },
  {
    what: 'half-close: server ends first, client never',
    made: spec('half-server', 'SyncOrders', { send: 3, endAfter: -1, does: { end: 3 } }),
    wanted: [OK, 3, true, 2],
    read: 3,
  },
  {
    what: 'half-close: server ends before anything came',
    made: spec('half-at-once', 'SyncOrders', { send: 0, endAfter: -1, does: { end: 0 } }),
    wanted: [OK, 0, true, 0],
    read: 0,
  },
  {
    what: 'half-close: server answers a batch that goes on',
    made: spec('half-batch', 'BatchCreateOrders', { send: 3, endAfter: -1, does: { end: 3 } }),
    wanted: [OK, 1, false, 3],
    read: 3,
  },
  {
    what: 'half-close: an empty stream of the server',
    made: spec('half-list', 'GetUserOrders', { does: { greet: 0 } }),
    wanted: [OK, 0, true, 0],
  },
]

export async function shapes(story: Story): Promise<Judge[]> {
  const judges: Judge[] = []
  for (const { what, made, wanted, read } of [...SHAPES, ...HALF_CLOSES]) {
    const result = await story.call(made)
    judges.push(() => exactly(what, came(result), wanted))
    if (read !== undefined)
      judges.push(() => exactly(`${what}: at the server`, atServer(story, made.id), [[read, true]]))
  }
  return judges
}

function atServer(story: Story, id: string): unknown[] {
  return story.seen(id, 'read').map(({ received, ordered }) => [received, ordered])
}

/** Every byte, every padding of base64, several values of a name, and none. */
const METADATA: Fields = {
  'x-echo': ['two  blanks, a comma; and "quotes"'],
  'x-echo-many': ['one', 'two', 'three'],
  'x-echo-bin': [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('base64')],
  'x-echo-short-bin': [1, 2, 3, 4, 5].map((length) => randomBytes(length).toString('base64')),
  'x-echo-long-bin': [randomBytes(3000).toString('base64')],
}

/** Both ends say what they got: the server in its events, the client of what came back in the head and in the trailers. */
export async function metadata(story: Story): Promise<Judge[]> {
  const judges: Judge[] = []
  const wanted = sorted(METADATA)
  for (const method of ['GetOrder', 'GetUserOrders', 'BatchCreateOrders', 'SyncOrders'] as const) {
    const id = `metadata-${method}`
    const result = await story.call(spec(id, method, { metadata: METADATA }))
    judges.push(() => {
      const at = story.seen(id, 'call')[0]?.metadata ?? {}
      const same = [at, result.head, result.trailers].map((fields) => sorted(echoes(fields)) === wanted)
      return exactly(
        `${method}: metadata at the server, in the head, in trailers`,
        [result.code, ...same],
        [OK, true, true, true],
      )
    })
  }
  return judges
}

/** grpc-js joins several values of a name that is no `-bin`, as Node gives them; grpc-go does not. */
function sorted(fields: Fields): string {
  const plain = Object.entries(fields).map(([name, values]) => [
    name,
    name.endsWith('-bin') ? values : values.join(', '),
  ])
  return JSON.stringify(plain.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}
