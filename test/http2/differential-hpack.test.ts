/**
 * HPACK against nghttp2's, inside Node: lists of fields through a sidecar, and whatever one end says the other hears. With
 * HTTP/1.1 on one side only one of our two codecs is between them, so that no two errors undo each other.
 */
import http from 'node:http'
import http2 from 'node:http2'
import t, { type Test } from 'tap'
import { services, startProxy } from '../support/proxy.ts'
import { Seeded } from '../support/seeded.ts'
import { type FieldList, type Fields, flat, grouped, makeList } from './field-lists.ts'
import { type Ask, askHttp1, askHttp2, askWrapper, type Heard, Origin } from './peers.ts'

/** Requests that are out at a time. */
const WAVE = 20

const SIZES = [0, 1, 100, 1023, 1024, 1040, 2000, 4096, 10_000, 65_536]

interface Case {
  readonly name: string
  readonly client: 'http1' | 'http2' | 'wrapper'
  readonly origin: 1 | 2
  readonly count: number
  readonly seed: number
  /** nghttp2's encoder uses a table of this many bytes. */
  readonly deflate?: number
}

const CASES: readonly Case[] = [
  { name: 'http2 to http2', client: 'http2', origin: 2, count: 2000, seed: 61 },
  { name: 'http2 with a small table to http2', client: 'http2', origin: 2, count: 400, seed: 62, deflate: 300 },
  { name: 'http2 without a table to http2', client: 'http2', origin: 2, count: 200, seed: 63, deflate: 0 },
  { name: 'http2 to http/1.1', client: 'http2', origin: 1, count: 800, seed: 64 },
  { name: 'http/1.1 to http2', client: 'http1', origin: 2, count: 800, seed: 65 },
  { name: 'http2-wrapper to http2', client: 'wrapper', origin: 2, count: 500, seed: 66 },
]

for (const one of CASES) t.test(`${one.name}: fields are heard as they were said`, (t) => play(t, one))

async function play(t: Test, one: Case): Promise<void> {
  const random = new Seeded(one.seed)
  const requests = Array.from({ length: one.count }, () => makeList(random))
  const answers = Array.from({ length: one.count }, () => makeList(random))
  const origin = new Origin(answers, one.origin)
  const proxy = await startProxy(
    services({ origin: await origin.listen() }).replace(
      'name: origin\n',
      `name: origin\nprotocol: http${one.origin}\n`,
    ),
  )
  const settings = { maxHeaderListSize: 1024 * 1024 }
  const session = http2.connect(`http://127.0.0.1:${proxy.outbound}`, {
    settings,
    ...(one.deflate === undefined ? {} : { maxDeflateDynamicTableSize: one.deflate }),
  })
  session.on('error', () => {})
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  t.teardown(async () => {
    agent.destroy()
    session.destroy()
    await proxy.stop()
    origin.close()
  })
  const ask: Ask = {
    http1: () => askHttp1(proxy.outbound, agent),
    http2: () => askHttp2(session),
    wrapper: () => askWrapper(session),
  }[one.client]()
  const problems: string[] = []
  for (let from = 0; from < one.count && problems.length === 0; from += WAVE) {
    // Both decoders of nghttp2's change what our encoders may use.
    for (const each of [session, ...origin.sessions]) {
      for (let i = random.pick([0, 0, 1, 2]); i > 0; i--) {
        each.settings({ ...settings, headerTableSize: random.pick(SIZES) })
      }
    }
    const numbers = Array.from({ length: Math.min(WAVE, one.count - from) }, (_, i) => from + i)
    const heard = await Promise.all(numbers.map((number) => ask(number, requests[number] as FieldList)))
    for (const [i, number] of numbers.entries()) {
      problems.push(...differences(`request ${number}`, requests[number], origin.heard.get(number), one))
      problems.push(...differences(`answer ${number}`, answers[number], heard[i], one))
    }
  }
  t.strictSame(problems.slice(0, 4), [])
  t.strictSame(
    proxy.log.filter((line) => line.startsWith('error')),
    [],
  )
}

function differences(what: string, list: FieldList | undefined, heard: Heard | undefined, one: Case): string[] {
  const said = list as FieldList
  const order = (fields: Fields) => (one.client === 'wrapper' ? flat(grouped(fields)) : fields)
  const problems: string[] = []
  if (JSON.stringify(order(heard?.fields ?? [])) !== JSON.stringify(order(said.fields))) {
    problems.push(`${what}: heard ${shown(heard?.fields)}, said ${shown(said.fields)}`)
  }
  if (heard?.ended === false) problems.push(`${what}: its end came late`)
  // The wrapper and HTTP/1.1 have no way to say or hear it.
  if (one.client !== 'http2' || one.origin !== 2) return problems
  for (const name of said.sensitive) {
    if (!heard?.sensitive.includes(name)) problems.push(`${what}: ${name} may have been kept in a table`)
  }
  return problems
}

function shown(fields: Fields | undefined): string {
  return JSON.stringify(fields?.map((text) => text.slice(0, 100)))
}
