import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Outbox } from '../../src/net/outbox.ts'
import { enter, leave } from '../../src/net/turn.ts'
import { FakeSocket } from '../http1/fake-socket.ts'
import { writeText } from './write-text.ts'

const nobody = { blocked() {}, drained() {}, refused() {} }

class Peer {
  readonly #socket = new FakeSocket()
  readonly outbox = new Outbox(this.#socket.asSocket, nobody)

  get got(): string {
    return this.#socket.written.toString('latin1')
  }
}

/** One event that writes this to each of them. */
function event(text: string, ...peers: readonly Peer[]): void {
  enter()
  for (const { outbox } of peers) writeText(outbox, text)
  leave()
}

/** Turns of one event each, until one of them waits for the end of its turn. */
async function busy(): Promise<void> {
  const peer = new Peer()
  for (let said = ''; peer.got === said; said += '.') {
    await nextTurn()
    event('.', peer)
    if (peer.got === said) return
  }
}

t.test('Where turns bring single events, each writes at once', async (t) => {
  const peer = new Peer()
  for (let i = 1; i <= 8; i++) {
    event('x', peer)
    t.equal(peer.got, 'x'.repeat(i))
    await nextTurn()
  }
})

t.test(
  'What the events of one turn write goes out when it is over, in order, and so in the turns behind it',
  async (t) => {
    await busy()
    const [one, other] = [new Peer(), new Peer()]
    for (const round of ['a', 'b', 'c']) {
      const before = one.got
      event(`1${round}`, one)
      event(`2${round}`, other, one)
      t.equal(one.got, before)
      await nextTurn()
      t.equal(one.got, `${before}1${round}2${round}`)
    }
    t.equal(other.got, '2a2b2c')
  },
)

t.test('A turn of very many events does not let the first wait for the last', async (t) => {
  await busy()
  const peers = Array.from({ length: 100 }, () => new Peer())
  for (const peer of peers) event('x', peer)
  const served = peers.filter(({ got }) => got === 'x').length
  t.ok(served >= 64 && served < 100, `${served} of 100`)
  await nextTurn()
  t.ok(peers.every(({ got }) => got === 'x'))
})

t.test('Much does not wait: a reader that is slow is seen before more is read for it', async (t) => {
  await busy()
  const peer = new Peer()
  event('x'.repeat(140_000), peer)
  t.equal(peer.got, '')
  event('x'.repeat(140_000), peer)
  t.equal(peer.got.length, 280_000)
})

t.test('What holds the place that it was read into waits for less', async (t) => {
  await busy()
  const peer = new Peer()
  const read = (): void => {
    enter()
    peer.outbox.bytes(Buffer.alloc(40_000))
    leave()
  }
  read()
  t.equal(peer.got, '')
  read()
  t.equal(peer.got.length, 80_000)
})
