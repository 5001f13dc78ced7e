/** Clients that make the proxy hold something for them: heads, streams, answers that nobody takes. */
import { setTimeout as sleep } from 'node:timers/promises'
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
  REFUSED_STREAM,
  RST_STREAM,
  SETTINGS,
} from '../../../src/http2/frames.ts'
import {
  block,
  field,
  frame,
  headers,
  http2Client,
  http2RawOrigin,
  type Http2Peer,
  indexedField,
  integer,
  joined,
  ping,
  reference,
  request,
  requestBlock,
  SETTINGS_ACK,
  times,
  windowUpdate,
} from '../../support/http2-raw.ts'
import { thousandUploads, WindowedSender } from '../../support/http2-windowed-sender.ts'
import { MEASURABLE, startVictim, withstands } from './victim.ts'

/** Requests for /head that reached the origin. */
let heads = 0

/** GET /: three bytes. GET /large: 16 MiB. Both as the windows allow. GET /head: a head of 4 KiB and no body. */
function play(peer: Http2Peer): void {
  const bodies = new WindowedSender(peer)
  peer.onFrame = (one) => {
    const { type, id, flags, payload } = one
    bodies.saw(one)
    if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
    else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
    else if (type === HEADERS) answer(peer, bodies, id, peer.fieldsOf(one).find(([name]) => name === ':path')?.[1])
    peer.frames.length = 0
  }
}

function answer(peer: Http2Peer, bodies: WindowedSender, id: number, path: string | undefined): void {
  if (path === '/head') {
    heads++
    peer.send(
      headers(
        id,
        block([
          [':status', '204'],
          ['x-filler', 'y'.repeat(4000)],
        ]),
        true,
      ),
    )
    return
  }
  peer.send(headers(id, block([[':status', '200']])))
  bodies.send(id, path === '/large' ? 16 * 2 ** 20 : 3)
}

/** A block that makes one entry of nearly 4 KiB and refers to it as often as a frame has bytes. */
function bomb(name: string): Buffer {
  const entry = indexedField(name, 'z'.repeat(4000))
  const asked = requestBlock()
  return joined(asked, entry, times(16_384 - asked.length - entry.length, reference(62)))
}

t.test('Memory', { skip: !MEASURABLE }, async (t) => {
  const origin = await http2RawOrigin(t, play)
  const silent = await http2RawOrigin(t, (peer) => {
    peer.onFrame = () => void (peer.frames.length = 0)
  })
  const closed = await http2RawOrigin(t, () => {}, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  const victim = await startVictim(t, { origin: origin.port, silent: silent.port, closed: closed.port })

  for (const name of ['x-bomb', 'cookie']) {
    await t.test(`an HPACK bomb of ${name}: 431, the connection lives`, async (t) => {
      await withstands(t, victim, async (port) => {
        const client = await http2Client(t, port)
        const first = headers(1, bomb(name), true)
        client.send(first)
        t.equal(await client.status(1), 431)
        for (let id = 3; id < 400; id += 2) {
          await client.sent(headers(id, joined(requestBlock(), times(16_000, reference(62))), true))
        }
        t.equal(await client.status(399), 431)
        client.send(request(401))
        t.equal(await client.status(401), 200, 'the connection lives')
      })
    })
  }

  const crumb = indexedField('cookie', 'z'.repeat(4000))
  const waits = requestBlock({ authority: 'silent' })
  const large: [string, [entry: Buffer, head: Buffer][]][] = [
    [
      'that refer to crumbs of a cookie, and to fields without a value (CVE-2026-49975)',
      [
        [crumb, joined(waits, times(15, reference(62)))],
        [indexedField('x', ''), joined(waits, times(190, reference(62)))],
      ],
    ],
    ['of 12 KiB', [[indexedField('x', ''), joined(waits, field('x-a', 'y'.repeat(12_000)))]]],
  ]
  for (const [what, heads] of large) {
    await t.test(`a thousand requests that wait, with heads ${what}`, async (t) => {
      await withstands(
        t,
        victim,
        async (port) => {
          for (const [entry, head] of heads) {
            const client = await http2Client(t, port)
            client.send(headers(1, joined(waits, entry), true))
            for (let id = 3; id < 2000; id += 2) await client.sent(headers(id, head, true))
            await client.roundTrip()
            const refused = client.frames.filter(({ type }) => type === RST_STREAM)
            for (const { payload } of refused) t.equal(readUint32(payload, 0), REFUSED_STREAM)
            t.equal(refused.length > 0, head.length !== waits.length + 190, `${refused.length} were refused`)
          }
        },
        true,
      )
    })
  }

  await t.test('a dynamic table that is resized without end', async (t) => {
    await withstands(t, victim, async (port) => {
      const client = await http2Client(t, port)
      const resize = (size: number): Buffer => integer(size, 5, 0x20)
      const game = joined(resize(0), resize(4096))
      for (let id = 1; id < 200; id += 2) {
        const inserts = Array.from({ length: 100 }, (_, i) => indexedField(`x-${i}`, ''))
        await client.sent(headers(id, joined(times(1000, game), requestBlock(), ...inserts), true))
      }
      t.equal(await client.status(199), 200)
    })
  })

  await t.test('more fields than allowed: 431, the connection lives', async (t) => {
    await withstands(t, victim, async (port) => {
      const client = await http2Client(t, port)
      const fields = Array.from({ length: 201 }, (_, i) => [`x-${i}`, ''] as const)
      client.send(request(1, { fields }), request(3))
      t.equal(await client.status(1), 431)
      t.equal(await client.status(3), 200)
    })
  })

  await t.test('a header list over the limit: 431; a block over the limit: GOAWAY', async (t) => {
    await withstands(t, victim, async (port) => {
      const client = await http2Client(t, port)
      // 0 is the shortest code of Huffman's: five bits. 65 KiB and more of them take 45 KiB.
      const long = joined(
        Buffer.from([0]),
        integer(3, 7),
        Buffer.from('x-a'),
        integer(45_000, 7, 0x80),
        Buffer.alloc(45_000),
      )
      const all = joined(requestBlock(), long)
      const parts: Buffer[] = []
      for (let at = 0; at < all.length; at += 16_384) parts.push(all.subarray(at, at + 16_384))
      parts.forEach((part, i) => {
        const last = i === parts.length - 1 ? END_HEADERS : 0
        client.send(i === 0 ? frame(HEADERS, last | END_STREAM, 1, part) : frame(CONTINUATION, last, 1, part))
      })
      t.equal(await client.status(1), 431)
      client.send(request(3))
      t.equal(await client.status(3), 200)
      client.send(
        frame(HEADERS, END_STREAM, 5, requestBlock()),
        times(4, frame(CONTINUATION, 0, 5, Buffer.alloc(16_384))),
      )
      t.equal(await client.goaway(), ENHANCE_YOUR_CALM)
      client.destroy()
    })
  })

  for (const [what, pings] of [
    ['heads', 0],
    ['heads, and answers to PING that they pay for', 3],
  ] as const) {
    await t.test(`who never reads ${what} is not read any more`, async (t) => {
      await withstands(
        t,
        victim,
        async (port) => {
          const client = await http2Client(t, port)
          client.socket.pause()
          t.ok(await untilStuck(client, pings), 'it does not read without end')
          client.socket.resume()
          await client.roundTrip('read on!')
        },
        true,
      )
    })
  }

  const stalls: [string, Parameters<typeof http2Client>[2], (client: Http2Peer) => void][] = [
    ['windows of 0', { settings: [[INITIAL_WINDOW_SIZE, 0]] }, () => {}],
    ['a connection window that is never opened', {}, () => {}],
    [
      'windows of a byte',
      { settings: [[INITIAL_WINDOW_SIZE, 1]] },
      (client) => {
        for (let id = 1; id < 1000; id += 2) client.send(windowUpdate(id, 1))
      },
    ],
  ]
  for (const [what, options, more] of stalls) {
    await t.test(`answers that wait on a thousand streams: ${what}`, async (t) => {
      await withstands(
        t,
        victim,
        async (port) => {
          const client = await http2Client(t, port, options)
          for (let id = 1; id < 2000; id += 2) client.send(request(id, { path: '/large' }))
          more(client)
          await client.head(1)
          await client.roundTrip()
        },
        true,
      )
    })
  }

  await t.test('uploads that nobody takes on a thousand streams', async (t) => {
    await withstands(
      t,
      victim,
      async (port) => {
        const client = await http2Client(t, port)
        await thousandUploads(client, 'closed')
        await client.roundTrip()
      },
      true,
    )
  })

  await t.test('streams that are opened and never finished', async (t) => {
    await withstands(
      t,
      victim,
      async (port) => {
        const client = await http2Client(t, port)
        for (let id = 1; id < 2000; id += 2) {
          client.send(request(id, { method: 'POST', authority: 'silent', open: true }))
        }
        await client.roundTrip()
      },
      true,
    )
  })
})

/** Asks and never reads, a hundred at a time and never more than are allowed, until nothing reaches the origin any more. */
async function untilStuck(client: Http2Peer, pings: number): Promise<boolean> {
  let id = -1
  for (let batch = 0; batch < 2000; batch++) {
    const expected = heads + 100
    for (let i = 0; i < 100; i++) client.send(request((id += 2), { path: '/head' }), times(pings, ping()))
    const began = performance.now()
    while (heads < expected) {
      if (client.closed) throw new Error('the connection ended')
      // Nothing happens any more: there is no event for that.
      if (performance.now() - began > 1500) return true
      await sleep(2)
    }
  }
  return false
}
