/** Upstreams that mean harm: whoever asked them gets an answer of ours, nobody else notices. */
import t, { type Test } from 'tap'
import type { Violation } from '../../../src/http/violation.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  PADDED,
  PRIORITY,
  PUSH_PROMISE,
  REFUSED_STREAM,
  RST_STREAM,
} from '../../../src/http2/frames.ts'
import {
  answering,
  block,
  data,
  frame,
  goaway,
  headers,
  http2Client,
  http2RawOrigin,
  type Http2Peer,
  indexedField,
  joined,
  ping,
  reference,
  request,
  reset,
  settings,
  SETTINGS_ACK,
  times,
  windowUpdate,
} from '../../support/http2-raw.ts'
import { services, startProxy } from '../../support/proxy.ts'
import { MEASURABLE, startVictim, type Victim, withstands } from './victim.ts'

/** RFC 7838 §4, RFC 8336 §2. */
const ALTSVC = 0x0a
const ORIGIN = 0x0c

const OK = block([[':status', '200']])

async function pour(peer: Http2Peer, part: Buffer): Promise<void> {
  for (let i = 0; i < 500 && !peer.ended; i++) {
    await peer.sent(part)
    await new Promise(setImmediate)
  }
  peer.destroy()
}

/** What it sends once it was asked. */
type Malice = (peer: Http2Peer, id: number) => void

const bomb = joined(OK, indexedField('x-bomb', 'z'.repeat(4000)), times(12_000, reference(62)))

/** What it is, how it is counted, and the malice. */
const cases: [string, Violation, Malice][] = [
  ['103 without end', 'malformed', (peer, id) => void pour(peer, times(100, headers(id, block([[':status', '103']]))))],
  ['WINDOW_UPDATE of 1 without end', 'flood', (peer) => void pour(peer, times(1000, windowUpdate(0, 1)))],
  ['PING without end', 'flood', (peer) => void pour(peer, times(1000, ping()))],
  ['SETTINGS without end', 'flood', (peer) => void pour(peer, times(1000, settings()))],
  ['PRIORITY without end', 'flood', (peer) => void pour(peer, times(1000, frame(PRIORITY, 0, 99, Buffer.alloc(5))))],
  [
    'empty DATA without end',
    'flood',
    (peer, id) => void pour(peer.send(headers(id, OK)), times(1000, frame(DATA, 0, id))),
  ],
  [
    'CONTINUATION without end',
    'header_flood',
    (peer, id) => void pour(peer.send(frame(HEADERS, 0, id, OK)), frame(CONTINUATION, 0, id, Buffer.alloc(16_384))),
  ],
  [
    'PUSH_PROMISE',
    'protocol',
    (peer, id) => void peer.send(frame(PUSH_PROMISE, END_HEADERS, id, joined(Buffer.from([0, 0, 0, 2]), OK))),
  ],
  ['a head that is an HPACK bomb', 'malformed', (peer, id) => void peer.send(headers(id, bomb, true))],
  [
    'more DATA than the windows',
    'malformed',
    (peer, id) => void pour(peer.send(headers(id, OK)), data(id, Buffer.alloc(16_384))),
  ],
  ['a window beyond 2^31 − 1', 'flow_control', (peer) => void peer.send(windowUpdate(0, 0x7fff_ffff))],
]

/** More of them, near relations of those above. */
const kindred: typeof cases = [
  ['answers to PINGs of nobody without end', 'flood', (peer) => void pour(peer, times(1000, ping('whatever', ACK)))],
  ['confirmed SETTINGS of nobody without end', 'flood', (peer) => void pour(peer, times(1000, SETTINGS_ACK))],
  [
    'ALTSVC without end',
    'flood',
    (peer, id) => void pour(peer, times(1000, frame(ALTSVC, 0, id, Buffer.from('\0\0h2=":1"')))),
  ],
  ['ORIGIN without end', 'flood', (peer) => void pour(peer, times(100, frame(ORIGIN, 0, 0, Buffer.alloc(1000))))],
  [
    'GOAWAY that takes all streams without end',
    'flood',
    (peer) => void pour(peer, times(1000, goaway(0x7fff_ffff, 0))),
  ],
  [
    'windows that go to and fro without end',
    'flood',
    (peer) =>
      void pour(
        peer,
        times(100, joined(settings([[INITIAL_WINDOW_SIZE, 0]]), settings([[INITIAL_WINDOW_SIZE, 0x7fff_0000]]))),
      ),
  ],
  [
    'DATA of nothing but padding without end',
    'flood',
    (peer, id) => void pour(peer.send(headers(id, OK)), times(1000, frame(DATA, PADDED, id, Buffer.from([0])))),
  ],
  [
    'WINDOW_UPDATE of 1 for the stream without end',
    'flood',
    (peer, id) => void pour(peer, times(1000, windowUpdate(id, 1))),
  ],
  [
    'a head that does not end, in bytes',
    'header_flood',
    (peer, id) =>
      void pour(peer.send(frame(HEADERS, 0, id, OK)), times(100, frame(CONTINUATION, 0, id, Buffer.from([0x20])))),
  ],
  [
    'trailers that are an HPACK bomb',
    'malformed',
    (peer, id) => void peer.send(headers(id, OK), headers(id, bomb.subarray(OK.length), true)),
  ],
]

/** Origins that fail each request at once. */
const refusers: [string, Malice][] = [
  ['GOAWAY to each request', (peer) => void peer.send(goaway(0, 0))],
  ['a reset and GOAWAY to each request (CVE-2023-35945)', (peer, id) => void peer.send(reset(id, 2), goaway(id, 0))],
  ['REFUSED_STREAM to each request', (peer, id) => void peer.send(reset(id, REFUSED_STREAM))],
]

function malicious(malice: Malice): (peer: Http2Peer) => void {
  return (peer) => {
    peer.send(SETTINGS_ACK)
    peer.onFrame = ({ type, id }) => {
      if (type === HEADERS) malice(peer, id)
    }
  }
}

async function counted(victim: Victim, kind: Violation): Promise<number> {
  return (await victim.violations())[`upstream ${kind}`] ?? 0
}

t.test('Hostile upstreams', { skip: !MEASURABLE }, async (t) => {
  const ports: Record<string, number> = { origin: (await http2RawOrigin(t, answering())).port }
  for (const [i, [, , malice]] of [...cases, ...kindred].entries())
    ports[`hostile-${i}`] = (await http2RawOrigin(t, malicious(malice))).port
  const refusing = []
  for (const [i, [, malice]] of refusers.entries()) {
    refusing.push(await http2RawOrigin(t, malicious(malice)))
    ports[`refusing-${i}`] = (refusing[i] as { port: number }).port
  }
  ports.none = (await http2RawOrigin(t, () => {}, { settings: [[MAX_CONCURRENT_STREAMS, 0]] })).port
  const victim = await startVictim(t, ports)

  for (const [i, [what, kind]] of cases.entries()) {
    await t.test(what, async (t) => {
      const before = await counted(victim, kind)
      await withstands(t, victim, async (port) => {
        const client = await http2Client(t, port)
        client.send(request(1, { authority: `hostile-${i}` }))
        await failed(t, client, 1)
        client.destroy()
      })
      t.ok((await counted(victim, kind)) > before, `counted as ${kind}`)
    })
  }

  await t.test('kindred malice, one upstream after the other', async (t) => {
    await withstands(t, victim, async (port) => {
      const client = await http2Client(t, port)
      for (const [i, [what, kind]] of kindred.entries()) {
        const before = await counted(victim, kind)
        client.send(request(2 * i + 1, { authority: `hostile-${cases.length + i}` }))
        await failed(t, client, 2 * i + 1)
        t.ok((await counted(victim, kind)) > before, `${what}: counted as ${kind}`)
      }
      client.destroy()
    })
  })

  await t.test(refusers.map(([what]) => what).join(', '), async (t) => {
    await withstands(t, victim, async (port) => {
      for (const i of refusers.keys()) {
        const client = await http2Client(t, port)
        for (let id = 1; id < 200; id += 2) client.send(request(id, { authority: `refusing-${i}` }))
        for (let id = 1; id < 200; id += 2) await failed(t, client, id)
        client.destroy()
      }
    })
  })

  await t.test('an upstream that allows no streams: its requests wait their time and are refused', async (t) => {
    await withstands(
      t,
      victim,
      async (port) => {
        const client = await http2Client(t, port)
        // The first opens the connection before its SETTINGS say so; it is never answered.
        client.send(request(1, { authority: 'none' }))
        await client.roundTrip()
      },
      true,
    )
  })
})

/** An answer of ours, or a stream that was reset where the answer had begun. */
async function failed(t: Test, client: Http2Peer, id: number): Promise<void> {
  const end = await client.frame(
    `an end of ${id}`,
    (one) => one.id === id && (one.type === RST_STREAM || (one.flags & END_STREAM) !== 0),
  )
  const head = client.frames.findLast((one) => one.id === id && one.type === HEADERS)
  const status = head === undefined ? 0 : Number(client.fieldsOf(head)[0]?.[1])
  if (end.type !== RST_STREAM && status < 500) t.fail(`stream ${id} ended with ${status}`)
}

t.test('An upstream that takes windows away below zero and gives them back gets the upload whole', async (t) => {
  let received = 0
  const origin = await http2RawOrigin(t, (peer) => {
    peer.send(SETTINGS_ACK)
    let shrunk = false
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type !== DATA) return
      received += payload.length
      if (!shrunk) {
        shrunk = true
        peer.send(settings([[INITIAL_WINDOW_SIZE, 0]]), ping('shrunk!!'))
        peer.send(settings([[INITIAL_WINDOW_SIZE, 1_000_000]]), windowUpdate(0, 1_000_000))
      }
      if ((flags & END_STREAM) !== 0) peer.send(headers(id, OK, true))
    }
  })
  const proxy = await startProxy(services({ origin: origin.port }))
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  const body = Buffer.alloc(16_000)
  client.send(request(1, { method: 'POST', open: true }))
  for (let i = 0; i < 30; i++) {
    client.send(data(1, body, i === 29))
    await client.roundTrip(`part ${String(i).padStart(3)}`)
  }
  t.equal(await client.status(1), 200)
  t.equal(received, 30 * body.length)
})
