import t from 'tap'
import type { RequestBody } from '../../src/core/exchange.ts'
import { NO_BODY } from '../../src/core/forwarding.ts'
import type { Headers } from '../../src/core/headers.ts'
import { ReplayAccount, ReplayBuffer } from '../../src/core/replay-buffer.ts'
import { Seeded } from '../support/seeded.ts'

/** Writes down what comes. */
class Sink implements RequestBody {
  readonly buffers: Buffer[] = []
  readonly chunks: string[] = []
  readonly calls: string[] = []
  trailers: Headers | undefined

  data(chunk: Buffer): void {
    this.calls.push('data')
    this.buffers.push(chunk)
    this.chunks.push(chunk.toString('latin1'))
  }

  end(trailers?: Headers): void {
    this.calls.push('end')
    this.trailers = trailers
  }

  abort(): void {
    this.calls.push('abort')
  }

  pauseResponse(): void {
    this.calls.push('pause')
  }

  resumeResponse(): void {
    this.calls.push('resume')
  }

  get text(): string {
    return this.chunks.join('')
  }
}

function replayed(buffer: ReplayBuffer): Sink {
  const sink = new Sink()
  buffer.replay(sink)
  return sink
}

t.test('ReplayBuffer replays what came, end and trailers included, as often as asked', async (t) => {
  const buffer = new ReplayBuffer(new ReplayAccount(1000), 100)
  buffer.data(Buffer.from('hello '))
  t.strictSame(replayed(buffer).calls, ['data'], 'not ended yet')
  buffer.data(Buffer.from('world'))
  buffer.end(['x-sum', '1'])
  for (let i = 0; i < 3; i++) {
    const sink = replayed(buffer)
    t.equal(sink.text, 'hello world')
    t.equal(sink.calls.at(-1), 'end')
    t.equal(sink.calls.filter((call) => call === 'end').length, 1)
    t.strictSame(sink.trailers, ['x-sum', '1'])
  }
  t.ok(buffer.whole)
  t.equal(buffer.bytes, 11)
})

t.test('ReplayBuffer of an empty body replays the end alone', async (t) => {
  const buffer = new ReplayBuffer(new ReplayAccount(0), 0)
  buffer.end()
  t.strictSame(replayed(buffer).calls, ['end'])
  t.ok(buffer.whole)
})

t.test('ReplayBuffer holds exactly its limit', async (t) => {
  const account = new ReplayAccount(1000)
  const buffer = new ReplayBuffer(account, 10)
  buffer.data(Buffer.alloc(10, 'a'))
  t.ok(buffer.whole)
  t.equal(account.used, 10)
  buffer.data(Buffer.from('b'))
  t.notOk(buffer.whole)
  t.equal(account.used, 0, 'over its limit it drops all')
  t.equal(buffer.bytes, 0)
})

t.test('ReplayBuffer over its limit stays given up', async (t) => {
  const account = new ReplayAccount(1000)
  const buffer = new ReplayBuffer(account, 4)
  buffer.data(Buffer.from('12345'))
  buffer.data(Buffer.from('1'))
  t.notOk(buffer.whole)
  t.equal(account.used, 0)
  buffer.release()
  t.equal(account.used, 0)
})

t.test('ReplayBuffer over the limit of the process drops its own bytes and leaves the others theirs', async (t) => {
  const account = new ReplayAccount(10)
  const one = new ReplayBuffer(account, 100)
  const two = new ReplayBuffer(account, 100)
  one.data(Buffer.from('123456'))
  two.data(Buffer.from('1234'))
  t.equal(account.used, 10)
  two.data(Buffer.from('5'))
  t.notOk(two.whole)
  t.ok(one.whole)
  t.equal(account.used, 6)
  t.equal(replayed(one).text, '123456')
})

t.test('ReplayBuffer charges the process for what chunks take, where there are many tiny ones', async (t) => {
  const account = new ReplayAccount(1e6)
  const buffer = new ReplayBuffer(account, 10_000)
  for (let i = 0; i < 1000; i++) buffer.data(Buffer.from('x'))
  t.equal(buffer.bytes, 1000)
  t.ok(account.used > 100_000, `${account.used} bytes for a thousand objects`)
  buffer.release()
  t.equal(account.used, 0)
  const narrow = new ReplayAccount(10_000)
  const other = new ReplayBuffer(narrow, 10_000)
  for (let i = 0; i < 1000; i++) other.data(Buffer.from('x'))
  t.notOk(other.whole)
  t.equal(narrow.used, 0)
})

t.test('ReplayBuffer is freed when the last one lets go', async (t) => {
  const account = new ReplayAccount(100)
  const buffer = new ReplayBuffer(account, 100)
  buffer.data(Buffer.from('1234'))
  t.equal(buffer.share(), buffer)
  buffer.release()
  t.equal(account.used, 4, 'the other one still holds it')
  t.equal(replayed(buffer).text, '1234')
  buffer.release()
  t.equal(account.used, 0)
  buffer.data(Buffer.from('late'))
  t.equal(account.used, 0, 'what comes after that is not kept')
})

t.test('ReplayBuffer copies a small slice of a large read and keeps a whole chunk as it is', async (t) => {
  const buffer = new ReplayBuffer(new ReplayAccount(1e6), 1e6)
  const read = Buffer.alloc(65_536, 'a')
  buffer.data(read.subarray(0, 100))
  const whole = Buffer.from(new Uint8Array(5000).fill(98).buffer)
  buffer.data(whole)
  read.fill('z')
  const sink = new Sink()
  buffer.replay(sink)
  t.strictSame(sink.chunks, ['a'.repeat(100), 'b'.repeat(5000)])
  t.equal(sink.buffers[1], whole)
})

t.test('ReplayBuffer does not pin 64 KiB for a kept slice of 100 bytes', async (t) => {
  const buffer = new ReplayBuffer(new ReplayAccount(1e6), 1e6)
  buffer.data(Buffer.alloc(65_536, 'a').subarray(0, 100))
  let pinned = 0
  buffer.replay({
    ...NO_BODY,
    data(chunk) {
      pinned += chunk.buffer.byteLength
    },
  })
  t.ok(pinned <= 400, `pins ${pinned} bytes`)
})

t.test('ReplayAccount is back at 0 and never over its limit, whatever many buffers do', async (t) => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Seeded(seed)
    const account = new ReplayAccount(random.between(0, 3000))
    const users: ReplayBuffer[] = []
    for (let i = 0; i < 300; i++) {
      const buffer = random.chance(0.2) || users.length === 0 ? undefined : random.pick(users)
      if (buffer === undefined) users.push(new ReplayBuffer(account, random.between(0, 800)))
      else {
        const dice = random.int(10)
        if (dice < 6) buffer.data(Buffer.alloc(random.between(0, 300)))
        else if (dice === 6) users.push(buffer.share())
        else if (dice === 7) buffer.end()
        else users.splice(users.indexOf(buffer), 1)[0]?.release()
      }
      if (account.used > account.limit || account.used < 0) t.fail(`seed ${seed}: ${account.used} of ${account.limit}`)
    }
    for (const buffer of users) buffer.release()
    if (account.used !== 0) t.fail(`seed ${seed}: ${account.used} bytes are left`)
  }
})

t.test('ReplayBuffer keeps as much as the one who wants most', async (t) => {
  const buffer = new ReplayBuffer(new ReplayAccount(1000), 4)
  buffer.share(10)
  buffer.data(Buffer.from('1234567890'))
  t.ok(buffer.whole)
  buffer.share(2).data(Buffer.from('1'))
  t.notOk(buffer.whole)
})

t.test('ReplayBuffer.chunks grows for whoever holds it, and outlives the buffer', async (t) => {
  const buffer = new ReplayBuffer(new ReplayAccount(1000), 100)
  t.strictSame(buffer.chunks, [])
  buffer.data(Buffer.from('a'))
  const { chunks } = buffer
  buffer.data(Buffer.from('b'))
  buffer.release()
  t.equal(chunks.map(String).join(''), 'ab')
  t.strictSame(buffer.chunks, [])
})
