/** Heads that come in parts wait in buffers that are used again: those of one client are never those of another. */
import t from 'tap'
import { ACK, CONTINUATION, END_HEADERS, END_STREAM, HEADERS, SETTINGS } from '../../src/http2/frames.ts'
import {
  block,
  frame,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  requestBlock,
  SETTINGS_ACK,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

/** Answers with the `x-a` that it was sent. */
function echo(peer: Http2Peer): void {
  peer.onFrame = (one) => {
    if (one.type === SETTINGS && (one.flags & ACK) === 0) peer.send(SETTINGS_ACK)
    if (one.type !== HEADERS) return
    const value = peer.fieldsOf(one).find(([name]) => name === 'x-a')?.[1] ?? ''
    peer.send(
      headers(
        one.id,
        block([
          [':status', '200'],
          ['x-a', value],
        ]),
        true,
      ),
    )
  }
}

/** What is sent of a head of about `size` bytes, filled with `letter`: in frames of a third each, or as one frame cut in three. */
type Cut = (id: number, letter: string, size: number) => Buffer[]

const inThree = (whole: Buffer): Buffer[] => {
  const third = Math.ceil(whole.length / 3)
  return [whole.subarray(0, third), whole.subarray(third, 2 * third), whole.subarray(2 * third)]
}
const head = (letter: string, size: number): Buffer => requestBlock({ fields: [['x-a', letter.repeat(size)]] })

const cuts: [string, Cut][] = [
  [
    'blocks of three frames',
    (id, letter, size) =>
      inThree(head(letter, size)).map((part, i) =>
        frame(i === 0 ? HEADERS : CONTINUATION, (i === 0 ? END_STREAM : 0) | (i === 2 ? END_HEADERS : 0), id, part),
      ),
  ],
  ['frames that come in three reads', (id, letter, size) => inThree(headers(id, head(letter, size), true))],
]

for (const [what, cut] of cuts) {
  t.test(`${what}, of three clients at once`, async (t) => {
    const origin = await http2RawOrigin(t, echo)
    const proxy = await startProxy(
      services({ origin: origin.port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n'),
    )
    t.teardown(() => proxy.stop())
    const letters = ['a', 'b', 'c']
    const clients = await Promise.all(letters.map(() => http2Client(t, proxy.outbound)))
    for (const client of clients) await client.roundTrip()
    let id = -1
    // Up again and down again: what was held before is longer than what is held now.
    for (const size of [15_000, 4000, 9000, 15_000]) {
      id += 2
      const parts = letters.map((letter) => cut(id, letter, size))
      for (let i = 0; i < 3; i++) {
        for (const [n, client] of clients.entries()) await client.sent(parts[n]?.[i] as Buffer)
        await turn()
      }
      for (const [n, client] of clients.entries()) {
        await client.head(id)
        const answer = client.frames.findLast((one) => one.type === HEADERS && one.id === id)
        const value = answer === undefined ? '' : client.fieldsOf(answer).find(([name]) => name === 'x-a')?.[1]
        t.ok(value === letters[n]?.repeat(size), `${letters[n]} has its own ${size} bytes`)
      }
    }
  })
}
