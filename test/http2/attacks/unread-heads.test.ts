/** Clients that ask for a thousand answers with large heads, or large trailers, and take none of them. No window holds these back. */
import t from 'tap'
import {
  ACK,
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  PING,
  readUint32,
  RST_STREAM,
  SETTINGS,
} from '../../../src/http2/frames.ts'
import {
  block,
  data,
  type Fields,
  frame,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  indexedField,
  joined,
  ping,
  reference,
  request,
  SETTINGS_ACK,
  times,
} from '../../support/http2-raw.ts'
import { turn } from '../../support/raw.ts'
import { MEASURABLE, startVictim, withstands } from './victim.ts'

const MANY = 1000
/** Each of its own, so that no table makes it small. */
let filler = 0

function large(more: Fields): Fields {
  return [...more, ['x-filler', `${filler++}`.padEnd(60_000, 'y')]]
}

/** A block in frames as small as they have to be. */
function long(id: number, fields: Fields, end = false): Buffer {
  const whole = block(fields)
  const parts: Buffer[] = []
  for (let at = 0; at < whole.length; at += 16_384) {
    const last = at + 16_384 >= whole.length ? END_HEADERS : 0
    const flags = last | (at === 0 && end ? END_STREAM : 0)
    parts.push(frame(at === 0 ? HEADERS : CONTINUATION, flags, id, whole.subarray(at, at + 16_384)))
  }
  return joined(...parts)
}

const OK: Fields = [[':status', '200']]

/** What each request for `/held` gets, once all of them are here. */
const ANSWERS: Record<string, (id: number) => Buffer> = {
  heads: (id) => long(id, large([[':status', '204']]), true),
  'heads of interim answers': (id) =>
    joined(...[1, 2, 3, 4].map(() => long(id, large([[':status', '103']]))), headers(id, block(OK), true)),
  trailers: (id) => joined(headers(id, block(OK)), data(id, 'x'), long(id, large([]), true)),
  'trailers without a body': (id) => joined(headers(id, block(OK)), long(id, large([]), true)),
}

t.test('What no window holds back', { skip: !MEASURABLE }, async (t) => {
  const held: { peer: Http2Peer; id: number }[] = []
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = (one) => {
      const { type, id, flags, payload } = one
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      else if (type === HEADERS) {
        const path = peer.fieldsOf(one).find(([name]) => name === ':path')?.[1]
        if (path === '/held') held.push({ peer, id })
        else peer.send(headers(id, block(OK)), data(id, 'hi!', true))
      }
      peer.frames.length = 0
    }
  })
  const deaf = await http2RawOrigin(t, (peer) => void peer.socket.pause())
  const victim = await startVictim(t, { origin: origin.port, deaf: deaf.port })

  for (const [what, answer] of Object.entries(ANSWERS)) {
    for (const [how, windows, reads] of [
      ['does not read', 2 ** 20, false],
      ['opens no window', 0, true],
    ] as const) {
      // Without a window heads go out all the same, and trailers without a body, and are read.
      if (reads && what !== 'trailers') continue
      await t.test(`a thousand ${what}, for a client that ${how}`, async (t) => {
        held.length = 0
        let client: Http2Peer | undefined
        await withstands(
          t,
          victim,
          async (port) => {
            client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, windows]] })
            await client.settled()
            if (!reads) client.socket.pause()
            for (let id = 1; id < 2 * MANY; id += 2) client.send(request(id, { path: '/held' }))
            while (held.length < MANY) await turn()
            for (const { peer, id } of held) peer.send(answer(id))
            await Promise.all([...new Set(held.map(({ peer }) => peer))].map((peer) => peer.sent(ping())))
          },
          true,
        )
        // It is not the end of the connection: what waits is read, and what did not fit was told.
        const peer = client as Http2Peer
        peer.socket.resume()
        await peer.roundTrip()
        const over = peer.frames.filter(({ type }) => type === RST_STREAM)
        t.ok(over.length < MANY, `${over.length} were given up`)
        for (const { payload } of over) t.equal(readUint32(payload, 0), ENHANCE_YOUR_CALM)
        peer.destroy()
      })
    }
  }

  await t.test('a thousand requests to who does not read, with trailers that refer to a table', async (t) => {
    await withstands(
      t,
      victim,
      async (port) => {
        const client = await http2Client(t, port)
        const entry = indexedField('x', 'z'.repeat(4000))
        for (let id = 1; id < 2 * MANY; id += 2) {
          const trailers = id === 1 ? entry : times(15, reference(62))
          client.send(request(id, { method: 'POST', authority: 'deaf', open: true }))
          await client.sent(headers(id, trailers, true))
        }
        await client.roundTrip()
        const over = client.frames.filter(({ type }) => type === RST_STREAM)
        t.ok(over.length > MANY / 2, `${over.length} were refused`)
        for (const { payload } of over) t.equal(readUint32(payload, 0), ENHANCE_YOUR_CALM)
      },
      true,
    )
  })
})
