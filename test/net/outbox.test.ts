import t from 'tap'
import { Outbox } from '../../src/net/outbox.ts'
import { FakeSocket } from '../http1/fake-socket.ts'

class CountingSocket extends FakeSocket {
  writes = 0

  override write(data: string | Buffer): boolean {
    this.writes++
    return super.write(data)
  }
}

const nobody = { blocked() {}, drained() {} }

function sent(parts: readonly (string | Buffer)[]): { readonly bytes: Buffer; readonly writes: number } {
  const socket = new CountingSocket()
  const outbox = new Outbox(socket.asSocket, nobody)
  for (const part of parts) {
    if (typeof part === 'string') outbox.text(part)
    else outbox.bytes(part)
  }
  outbox.flush()
  return { bytes: socket.written, writes: socket.writes }
}

function joined(parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')))
}

t.test('What one event writes goes out in order: copied while it is small or in small parts, else as a vector', (t) => {
  const head = 'HTTP/1.1 200 OK\r\nX-Latin: \xe9\r\n\r\n'
  const cases: [string, (string | Buffer)[], number][] = [
    ['a head', [head], 1],
    ['a head and a small body', [head, Buffer.alloc(1000, 'a')], 1],
    ['a head and a large body', [head, Buffer.alloc(60_000, 'a'), '\r\n'], 3],
    ['a body of one-byte chunks', Array.from({ length: 30_000 }, (_, i) => (i % 2 ? Buffer.from('a') : '1\r\n')), 1],
  ]
  for (const [what, parts, writes] of cases) {
    const got = sent(parts)
    t.ok(got.bytes.equals(joined(parts)), what)
    t.equal(got.writes, writes, what)
  }
  t.end()
})
