import t from 'tap'
import { FrameWriter } from '../../src/http2/frame-writer.ts'
import { callAnswered, Moderation, moderated, turnNow } from '../../src/net/moderation.ts'
import { Outbox } from '../../src/net/outbox.ts'
import { endOfTurn, enter, leave } from '../../src/net/turn.ts'
import { FakeSocket } from '../http1/fake-socket.ts'
import { writeText } from './write-text.ts'

/** Turns that end so many ms after one another, each of so many messages; how many of them were waited after. */
function turns(count: number, apart: number, messages: number, bytes = 0, most = 0.1): number {
  let now = 1000
  const moderation = new Moderation(
    () => now,
    (ms) => {
      t.ok(ms > 0 && ms < most)
      now += ms
    },
  )
  for (let i = 0; i < count; i++) {
    now += apart
    moderation.turned(messages, bytes, 0, 0)
  }
  return moderation.waits
}

t.test('Busy turns close to one another are waited after, once there were enough of them', (t) => {
  const waits = turns(100, 0.2, 20)
  t.ok(waits > 80 && waits < 99, `${waits} of 100`)
  t.end()
})

t.test('So are turns of large bodies, a little longer where there are few messages beside them', (t) => {
  const waits = turns(100, 0.3, 2, 300_000, 0.3)
  t.ok(waits > 80 && waits < 99, `${waits} of 100`)
  t.ok(turns(100, 0.3, 20, 300_000) > 80)
  t.end()
})

t.test('Turns of few messages never are, nor those that are long', (t) => {
  t.equal(turns(1000, 0.2, 6), 0)
  t.equal(turns(1000, 0.2, 0), 0)
  t.equal(turns(1000, 0.6, 200), 0)
  t.equal(turns(1000, 0.2, 6, 100_000), 0)
  t.equal(turns(1000, 0.6, 0, 1_000_000), 0)
  t.end()
})

/** The wait behind the last of many turns, each of which answers calls that took so many. */
function waitFor(taken: number): number {
  let now = 0
  let last = 0
  const moderation = new Moderation(
    () => now,
    (ms) => void (now += last = ms),
  )
  for (let i = 0; i < 200; i++) {
    now += 0.1
    moderation.turned(20, 0, 5, 5 * taken)
  }
  return last
}

t.test('The more turns a call takes, the longer is a wait, for the less of its time is ours', (t) => {
  t.equal(waitFor(2), 0.05)
  t.equal(waitFor(2.5), 0.05)
  const some = waitFor(3.25)
  t.ok(some > 0.11 && some < 0.13, `${some} ms`)
  t.equal(waitFor(5), 0.2)
  t.equal(waitFor(60), 0.2)
  t.end()
})

t.test('One burst is no load: what follows it one by one does not wait', (t) => {
  let now = 0
  const moderation = new Moderation(
    () => now,
    (ms) => void (now += ms),
  )
  moderation.turned(100, 1_000_000, 0, 0)
  for (let i = 0; i < 100; i++) {
    now += 0.1
    moderation.turned(1, 1000, 0, 0)
  }
  t.equal(moderation.waits, 0)
  t.end()
})

t.test('Once it is calm it is over', (t) => {
  let now = 0
  const moderation = new Moderation(
    () => now,
    (ms) => void (now += ms),
  )
  for (let i = 0; i < 100; i++) {
    now += 0.1
    moderation.turned(50, 200_000, 0, 0)
  }
  const then = moderation.waits
  t.ok(then > 50)
  for (let i = 0; i < 200; i++) {
    now += 0.1
    moderation.turned(1, 1000, 0, 0)
  }
  t.ok(moderation.waits - then < 40, `${moderation.waits - then} of 200`)
  t.end()
})

t.test('Messages that went out at once are no part of the turn behind them', (t) => {
  const writer = new FrameWriter(new Outbox(new FakeSocket().asSocket, { blocked() {}, drained() {}, refused() {} }))
  const stream = { id: 1, wrote() {} }
  const answer = (): void => {
    enter()
    writer.trailers(stream, ['grpc-status', '0'])
    leave()
  }
  const before = moderated().waits
  // One call after the other: sixteen events that do not wait, then one that does.
  for (let i = 0; i < 100; i++) {
    for (let n = 0; n < 17; n++) answer()
    endOfTurn()
  }
  t.equal(moderated().waits, before)
  t.end()
})

t.test('One body, however fast, is not waited for; several are', (t) => {
  const outbox = new Outbox(new FakeSocket().asSocket, { blocked() {}, drained() {}, refused() {} })
  const writer = new FrameWriter(outbox)
  const streams = Array.from({ length: 8 }, (_, i) => ({ id: 2 * i + 1, wrote() {} }))
  const chunk = Buffer.alloc(16 * 1024)
  const turns = (bodies: number): number => {
    const before = moderated().waits
    for (let i = 0; i < 300; i++) {
      for (let event = 0; event < 6; event++) {
        enter()
        for (let n = 0; n < 2; n++)
          writer.data(streams[(2 * event + n) % bodies] as (typeof streams)[0], chunk, 0, chunk.length)
        leave()
      }
      endOfTurn()
    }
    return moderated().waits - before
  }
  t.equal(turns(1), 0)
  t.ok(turns(8) > 0)
  // Calm, for who comes next.
  for (let i = 0; i < 200; i++) endOfTurn()
  t.end()
})

t.test('Heads over HTTP/2 are counted, and what goes over HTTP/1.1 is not', (t) => {
  const outbox = new Outbox(new FakeSocket().asSocket, { blocked() {}, drained() {}, refused() {} })
  const writer = new FrameWriter(outbox)
  const stream = { id: 1, wrote() {} }
  const turns = (write: () => void): number => {
    const before = moderated().waits
    for (let i = 0; i < 300; i++) {
      for (let event = 0; event < 2; event++) {
        enter()
        for (let n = 0; n < 10; n++) write()
        leave()
      }
      endOfTurn()
    }
    return moderated().waits - before
  }
  t.equal(
    turns(() => writeText(outbox, 'HTTP/1.1 200 OK\r\n\r\n')),
    0,
  )
  t.ok(turns(() => writer.trailers(stream, ['grpc-status', '0'])) > 0)
  t.end()
})

t.test('Of a call that took many turns it is known once it is answered', (t) => {
  const writer = new FrameWriter(new Outbox(new FakeSocket().asSocket, { blocked() {}, drained() {}, refused() {} }))
  const stream = { id: 1, wrote() {} }
  /** ms of a wait, where each call takes so many turns. */
  const wait = (taken: number): number => {
    const began: number[] = []
    let { waits, waited } = moderated()
    for (let i = 0; i < 400; i++) {
      if (i === 200) ({ waits, waited } = moderated())
      began.push(turnNow())
      if (began.length >= taken) callAnswered(began.shift() as number)
      for (let event = 0; event < 2; event++) {
        enter()
        for (let n = 0; n < 10; n++) writer.trailers(stream, ['grpc-status', '0'])
        leave()
      }
      endOfTurn()
    }
    const now = moderated()
    return (now.waited - waited) / (now.waits - waits)
  }
  const short = wait(2)
  const long = wait(8)
  t.ok(short > 0.04 && long > 0.19, `${short} and ${long} ms`)
  // Calm, for who comes next.
  for (let i = 0; i < 200; i++) endOfTurn()
  t.end()
})
