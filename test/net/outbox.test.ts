import t from 'tap'
import { Outbox } from '../../src/net/outbox.ts'
import { FakeSocket } from '../http1/fake-socket.ts'
import { writeText } from './write-text.ts'

class CountingSocket extends FakeSocket {
  writes = 0

  override write(data: string | Buffer): boolean {
    this.writes++
    return super.write(data)
  }
}

const nobody = { blocked() {}, drained() {}, refused() {} }

function sent(parts: readonly (string | Buffer)[]): { readonly bytes: Buffer; readonly writes: number } {
  const socket = new CountingSocket()
  const outbox = new Outbox(socket.asSocket, nobody)
  for (const part of parts) {
    if (typeof part === 'string') writeText(outbox, part)
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

/** Its kernel takes nothing. */
class FullSocket extends FakeSocket {
  held: Buffer[] = []
  #length = 0
  readonly #mark: number

  constructor(mark: number) {
    super()
    this.#mark = mark
    Object.defineProperty(this, 'writableLength', { get: () => this.#length })
    Object.defineProperty(this, 'writableNeedDrain', { get: () => this.#length >= mark })
  }

  override write(data: string | Buffer): boolean {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
    this.held.push(bytes)
    this.#length += bytes.length
    return this.#length < this.#mark
  }

  /** What stands behind the bytes that wait, each store once. */
  get pinned(): number {
    return [...new Set(this.held.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** What was taken is a copy: what it stood in is free again. */
  takeAll(): void {
    this.held = this.held.map((bytes) => Buffer.from(bytes))
    this.#length = 0
  }
}

t.test('A block that the kernel did not take whole serves again once it has, and not before', (t) => {
  const socket = new FullSocket(1)
  const outbox = new Outbox(socket.asSocket, nobody)
  const stores: unknown[] = []
  const write = (letter: string): void => {
    const room = outbox.room(20_000)
    const to = outbox.at + 20_000
    room.fill(letter, outbox.at, to)
    outbox.commit(to)
    stores.push(room.buffer)
    outbox.flush()
  }
  write('a')
  write('b')
  t.ok(outbox.blocked)
  t.not(stores[1], stores[0], 'the kernel reads the first one still')
  socket.takeAll()
  outbox.onDrain()
  write('c')
  t.equal(stores[2], stores[0])
  socket.takeAll()
  outbox.onDrain()
  t.equal(Buffer.concat(socket.held).toString(), ['a', 'b', 'c'].map((letter) => letter.repeat(20_000)).join(''))
  t.end()
})

t.test('What a full socket is given pins little more than its bytes, and comes out in order', (t) => {
  // Node cuts small copies from pools of 64 KiB: from the begin of one on, all of them stand in the same.
  while (Buffer.allocUnsafe(1024).byteOffset !== 0);
  const socket = new FullSocket(4096)
  let drains = 0
  const outbox = new Outbox(socket.asSocket, { blocked() {}, drained: () => void drains++, refused() {} })
  const all: Buffer[] = []
  for (let i = 0; i < 2000; i++) {
    const room = outbox.room(17)
    const at = outbox.at
    const bytes = Buffer.from(`PING number ${String(i).padStart(5, '0')}`)
    bytes.copy(room, at)
    outbox.commit(at + bytes.length)
    all.push(bytes)
    outbox.flush()
  }
  t.ok(outbox.blocked)
  t.ok(socket.pinned <= 128 * 1024, `${socket.pinned} bytes stand behind ${Buffer.concat(socket.held).length}`)
  t.equal(drains, 0)
  socket.takeAll()
  outbox.onDrain()
  t.equal(drains, 0, 'what was gathered fills it again')
  socket.takeAll()
  outbox.onDrain()
  t.equal(drains, 1)
  t.equal(Buffer.concat(socket.held).toString(), Buffer.concat(all).toString())
  t.end()
})

t.test('What was gathered for a full socket goes out before its FIN', (t) => {
  const socket = new FullSocket(8)
  const outbox = new Outbox(socket.asSocket, nobody)
  for (const text of ['the first ', 'the second ', 'the third']) {
    writeText(outbox, text)
    outbox.flush()
  }
  outbox.end()
  outbox.flush()
  t.equal(Buffer.concat(socket.held).toString(), 'the first the second the third')
  t.ok(socket.ended)
  t.end()
})

t.test('A write above the high-water mark that the kernel took whole blocks nobody', (t) => {
  let blocked = 0
  const socket = new FakeSocket()
  socket.write = () => false
  const outbox = new Outbox(socket.asSocket, { blocked: () => blocked++, drained() {}, refused() {} })
  outbox.bytes(Buffer.alloc(100_000))
  outbox.flush()
  t.equal(blocked, 0)
  t.end()
})
