/** RFC 7541 §7.1.3: what came never-indexed is sent on never-indexed. */
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Decoder } from '../../../src/http2/hpack/decoder.ts'
import { BLOCK_OVERHEAD, Encoder, FIELD_OVERHEAD } from '../../../src/http2/hpack/encoder.ts'
import { SensitiveNames } from '../../../src/http2/hpack/sensitive.ts'
import { services, startProxy } from '../../support/proxy.ts'
import { hex, read } from './read.ts'
import { type Form, type Pair, ReferenceDecoder, text } from './reference.ts'

class Hop {
  now = 0
  readonly names = new SensitiveNames(() => this.now)
  readonly #decoder = new Decoder(4096, this.names)
  readonly #encoder = new Encoder(this.names)
  readonly #next = new ReferenceDecoder()

  /** A field comes never-indexed. */
  hear(name: string, value: string): void {
    const { problem } = read(this.#decoder, Buffer.concat([hex('10'), text(name, true), text(value, true)]))
    if (problem !== '') throw new Error(problem)
  }

  /** The form in which one field goes on. */
  say([name, value]: Pair): Form | undefined {
    const into = Buffer.alloc(name.length + value.length + FIELD_OVERHEAD + BLOCK_OVERHEAD)
    const to = this.#encoder.field(name, value, into, this.#encoder.begin(into, 0))
    return this.#next.decode(into.subarray(0, to))[0]?.form
  }
}

t.test('a name is never kept from the moment that somebody says so', async (t) => {
  const hop = new Hop()
  const key: Pair = ['x-key', 'secret']
  t.equal(hop.say(key), 'plain')
  t.equal(hop.say(key), 'kept')
  t.equal(hop.say(key), 'indexed')
  hop.hear('x-key', 'secret')
  t.equal(hop.say(key), 'never', 'also where it is in the table already')
  t.equal(hop.say(['x-key', 'another']), 'never')
  t.equal(hop.say(['x-other', 'a']), 'plain')
})

t.test('a field of the static table too', async (t) => {
  const hop = new Hop()
  t.equal(hop.say([':path', '/']), 'indexed')
  hop.hear(':path', '/')
  t.equal(hop.say([':path', '/']), 'never')
})

t.test('SensitiveNames is bounded; beyond its bound every name is sensitive', async (t) => {
  const hop = new Hop()
  const plain: Pair = ['x-plain', 'a']
  for (let i = 0; i < 150; i++) hop.hear(`x-name-${i}`, 'a')
  t.equal(hop.say(plain), 'plain')
  t.equal(hop.say(['x-name-149', 'a']), 'never')
  for (let i = 150; i < 10_000; i++) hop.hear(`x-name-${i}`, 'a')
  t.equal(hop.say(plain), 'never')
  t.equal(hop.say(['x-name-9999', 'a']), 'never')
  const { version } = hop.names
  hop.hear('x-another', 'a')
  t.equal(hop.names.version, version, 'and nothing changes any more')
  const long = new Hop()
  long.hear('n'.repeat(20_000), 'a')
  t.ok(long.names.has('n'.repeat(20_000)))
})

t.test('A minute after the last name that found no room it is begun anew', async (t) => {
  const hop = new Hop()
  const plain: Pair = ['x-plain', 'a']
  const fill = (): void => {
    for (let i = 0; i < 1000; i++) hop.hear(`x-name-${i}`, 'a')
  }
  fill()
  hop.now += 59_999
  t.equal(hop.say(plain), 'never')
  hop.hear('x-late', 'a')
  hop.now += 59_999
  t.equal(hop.say(plain), 'never', 'counted from the last one')
  hop.now += 1
  t.equal(hop.say(plain), 'plain')
  t.equal(hop.say(['x-name-0', 'a']), 'never', 'what was remembered is so once more')
  t.equal(hop.say(['cookie', 'a']), 'never')
  hop.hear('x-name-0', 'a')
  fill()
  hop.now += 60_000
  t.equal(hop.say(['x-name-0', 'a']), 'never', 'it came again')
  hop.now += 1
  for (let i = 2000; i < 3000; i++) hop.hear(`x-name-${i}`, 'a')
  hop.now += 60_000
  t.equal(hop.say(['x-name-0', 'a']), 'plain', 'it did not')
})

function sensitiveOf(headers: http2.IncomingHttpHeaders): unknown {
  return (headers as Record<symbol, unknown>)[http2.sensitiveHeaders]
}

t.test('through a sidecar, both ways, as Node sees it', async (t) => {
  const server = http2.createServer()
  const heard: unknown[] = []
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    heard.push(sensitiveOf(headers))
    stream.respond({ ':status': 200, 'x-token': 'b', 'x-open': 'c', [http2.sensitiveHeaders]: ['x-token'] })
    stream.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy = await startProxy(services({ origin: (server.address() as AddressInfo).port }))
  const session = http2.connect(`http://127.0.0.1:${proxy.outbound}`)
  t.teardown(async () => {
    session.destroy()
    await proxy.stop()
    server.close()
  })
  for (let i = 0; i < 3; i++) {
    const stream = session.request({
      ...{ ':path': '/', ':authority': 'origin', 'x-key': 'a', 'x-other': 'b' },
      [http2.sensitiveHeaders]: ['x-key'],
    })
    const [answer] = await new Promise<[http2.IncomingHttpHeaders]>((resolve, reject) => {
      stream.once('error', reject)
      stream.once('response', (...all) => resolve([all[0]]))
    })
    stream.resume()
    t.strictSame(heard[i], ['x-key'])
    t.strictSame(sensitiveOf(answer), ['x-token'])
  }
})
