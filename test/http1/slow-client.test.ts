/** Clients that take their time over an answer. */
import t, { type Test } from 'tap'
import { type ResponseHandler, ResponseHead } from '../../src/core/exchange.ts'
import { NO_BODY } from '../../src/core/forwarding.ts'
import { NO_HEADERS } from '../../src/core/headers.ts'
import { Offenders } from '../../src/http/offenders.ts'
import type { ServerOwner } from '../../src/http/server-side.ts'
import { TrafficListener } from '../../src/runtime/traffic-listener.ts'
import type { Receiver } from '../../src/server/receiver.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { connect, type RawSocket } from '../support/raw.ts'

const SIZE = 20_000_000

interface World {
  readonly clock: FakeClock
  readonly listener: TrafficListener
  /** Of HTTP/1.0. Reads nothing; an answer of SIZE bytes without a length is whole, and most of it waits for it. */
  readonly client: RawSocket
}

async function world(t: Test): Promise<World> {
  const clock = new FakeClock()
  let answering: ResponseHandler | undefined
  const owner: ServerOwner = {
    limits: {
      maxHeaderBytes: 65_536,
      maxHeaders: 200,
      maxRequestBytes: Number.POSITIVE_INFINITY,
      headTimeout: 10_000,
      idleTimeout: 300_000,
    },
    clock,
    offenders: new Offenders(),
    draining: false,
    accept(_head, _connection, response) {
      answering = response
      return NO_BODY
    },
    refusal() {
      throw new Error('nothing to refuse')
    },
    violation() {},
    defect: (where, error) => t.fail(`defect ${where}: ${error}`),
    closed() {},
  }
  const at = { host: '127.0.0.1', port: 0 }
  const listener = await TrafficListener.open(at, 'inbound', 10, () => owner as unknown as Receiver)
  t.teardown(() => listener.destroy())
  const client = await connect(listener.port)
  t.teardown(() => client.destroy())
  client.socket.pause()
  client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
  while (answering === undefined) await new Promise(setImmediate)
  answering.head(new ResponseHead(200, 'OK', NO_HEADERS, -1, 'upstream', ''))
  answering.data(Buffer.alloc(SIZE, 'a'))
  answering.end()
  return { clock, listener, client }
}

/** Bytes of the body, once all has come that comes. */
async function taken(client: RawSocket): Promise<number> {
  client.socket.resume()
  await client.untilEnded()
  return client.received.length - client.text.indexOf('\r\n\r\n') - 4
}

t.test('ServerConnection does not cut an answer short because its client reads slowly', async (t) => {
  const { clock, client } = await world(t)
  for (let i = 0; i < 10; i++) {
    await new Promise(setImmediate)
    clock.advance(1000)
  }
  const got = await taken(client)
  // Whole, or visibly broken: a FIN in front of the end looks like the end (the body has no length).
  t.ok(got === SIZE || client.ending === 'reset', `${got} of ${SIZE} bytes, then ${client.ending}`)
})

t.test(
  'ServerConnection: an answer that is whole does not look so where the proxy ends before it is out',
  async (t) => {
    const { listener, client } = await world(t)
    await new Promise(setImmediate)
    listener.destroy()
    t.ok((await taken(client)) < SIZE)
    t.equal(client.ending, 'reset')
  },
)
