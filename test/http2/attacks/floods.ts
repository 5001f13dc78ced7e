/** Floods: frames without end that ask for nothing (RFC 9113 §10.5), and what makes the proxy reset streams itself. */
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  PADDED,
  PRIORITY,
} from '../../../src/http2/frames.ts'
import type { Violation } from '../../../src/http/violation.ts'
import {
  data,
  field,
  frame,
  goaway,
  headers,
  type Http2Peer,
  joined,
  ping,
  request,
  requestBlock,
  reset,
  settings,
  SETTINGS_ACK,
  times,
  windowUpdate,
} from '../../support/http2-raw.ts'

const CANCEL = 8
/** RFC 9218 §7.1. */
const PRIORITY_UPDATE = 0x10

/** For stream `id`. */
function priorityUpdate(id: number): Buffer {
  return frame(PRIORITY_UPDATE, 0, 0, joined(Buffer.from([0, 0, 0, id]), Buffer.from('u=0')))
}

/** A whole request for the service that never answers. */
const SILENT = requestBlock({ authority: 'silent' })

/** The same bytes again and again, until the proxy has had enough; 200 000 frames are a flood by any measure. */
async function pour(client: Http2Peer, batch: (turn: number) => Buffer): Promise<void> {
  for (let turn = 0; turn < 200 && !client.saidGoaway && !client.ended; turn++) {
    await client.sent(batch(turn))
    // Its GOAWAY is read before a reset, which the bytes on their way may cause, takes it away.
    await new Promise(setImmediate)
  }
}

/** What it is, as whom it counts, and the flood itself. */
export const floods: [string, Violation, (client: Http2Peer) => Promise<void>][] = [
  ['PING', 'flood', (client) => pour(client, () => times(1000, ping()))],
  ['SETTINGS', 'flood', (client) => pour(client, () => times(1000, settings()))],
  [
    'SETTINGS of many windows, with many streams open',
    'flood',
    async (client) => {
      for (let i = 0; i < 1000; i++)
        client.send(request(2 * i + 1, { method: 'POST', authority: 'silent', open: true }))
      const many = Array.from({ length: 2700 }, (_, i) => [INITIAL_WINDOW_SIZE, i % 2 === 0 ? 0 : 0x7fff_0000] as const)
      await pour(client, () => settings(many))
    },
  ],
  ['PRIORITY', 'flood', (client) => pour(client, () => times(1000, frame(PRIORITY, 0, 99, Buffer.alloc(5))))],
  ['unknown frames', 'flood', (client) => pour(client, () => times(1000, frame(0xfa, 0, 0, Buffer.alloc(8))))],
  [
    'WINDOW_UPDATE of 1, for the connection and for a stream',
    'flood',
    async (client) => {
      client.send(request(1, { method: 'POST', authority: 'silent', open: true }))
      await pour(client, () => times(500, joined(windowUpdate(0, 1), windowUpdate(1, 1))))
    },
  ],
  [
    'empty DATA',
    'flood',
    async (client) => {
      client.send(request(1, { method: 'POST', authority: 'silent', open: true }))
      await pour(client, () => times(1000, data(1, '')))
    },
  ],
  [
    'DATA of nothing but padding',
    'flood',
    async (client) => {
      client.send(request(1, { method: 'POST', authority: 'silent', open: true }))
      await pour(client, () => times(1000, frame(DATA, PADDED, 1, Buffer.from([0]))))
    },
  ],
  [
    'DATA on a stream that was reset',
    'flood',
    async (client) => {
      client.send(headers(1, SILENT), reset(1, CANCEL), headers(3, SILENT), windowUpdate(3, 0))
      await pour(client, () => times(16, data(3, Buffer.alloc(16_384))))
    },
  ],
  [
    'PING between DATA of one byte',
    'flood',
    async (client) => {
      client.send(request(1, { method: 'POST', authority: 'silent', open: true }))
      await pour(client, () => times(100, joined(data(1, 'x'), ping())))
    },
  ],
  [
    'empty HEADERS',
    'reset_flood',
    (client) =>
      pour(client, (turn) =>
        Buffer.concat(Array.from({ length: 500 }, (_, i) => frame(HEADERS, END_HEADERS, 2 * (500 * turn + i) + 1))),
      ),
  ],
  [
    'CONTINUATION without end',
    'header_flood',
    async (client) => {
      client.send(frame(HEADERS, 0, 1, requestBlock()))
      await pour(client, () => frame(CONTINUATION, 0, 1, Buffer.alloc(16_384)))
    },
  ],
  [
    'empty CONTINUATION',
    'header_flood',
    async (client) => {
      client.send(frame(HEADERS, 0, 1, requestBlock()))
      await pour(client, () => times(1000, frame(CONTINUATION, 0, 1)))
    },
  ],
  [
    'CONTINUATION of a byte each',
    'header_flood',
    async (client) => {
      client.send(frame(HEADERS, 0, 1, requestBlock()))
      await pour(client, () => times(1000, frame(CONTINUATION, 0, 1, Buffer.from([0x20]))))
    },
  ],
  [
    'RST_STREAM of streams just opened (rapid reset)',
    'reset_flood',
    (client) =>
      pour(client, (turn) => {
        const id = (i: number): number => 2 * (500 * turn + i) + 1
        return Buffer.concat(
          Array.from({ length: 500 }, (_, i) => joined(headers(id(i), SILENT, true), reset(id(i), CANCEL))),
        )
      }),
  ],
]

/** More of them, near relations of those above. */
export const kindred: [string, Violation, (client: Http2Peer) => Promise<void>][] = [
  ['answers to PINGs of nobody', 'flood', (client) => pour(client, () => times(1000, ping('whatever', ACK)))],
  ['confirmed SETTINGS of nobody', 'flood', (client) => pour(client, () => times(1000, SETTINGS_ACK))],
  [
    'GOAWAY, with a stream open',
    'flood',
    async (client) => {
      client.send(request(1, { method: 'POST', authority: 'silent', open: true }))
      await pour(client, () => times(1000, goaway(0, 0)))
    },
  ],
  [
    'unknown frames of 16 KiB',
    'flood',
    (client) => pour(client, () => times(20, frame(0xfa, 0, 0, Buffer.alloc(16_384)))),
  ],
  ['PRIORITY_UPDATE', 'flood', (client) => pour(client, () => times(1000, priorityUpdate(1)))],
  [
    'fields without a name (CVE-2019-9516)',
    'reset_flood',
    (client) =>
      pour(client, (turn) =>
        Buffer.concat(
          Array.from({ length: 100 }, (_, i) =>
            headers(2 * (100 * turn + i) + 1, joined(SILENT, times(100, field('', ''))), true),
          ),
        ),
      ),
  ],
]

/** What makes the proxy reset a stream that the client asked something on (CVE-2025-8671). */
export const provocations: [string, (id: number) => Buffer][] = [
  ['a window of more than 2^31 − 1', (id) => joined(headers(id, SILENT, true), windowUpdate(id, 0x7fff_ffff))],
  ['a WINDOW_UPDATE of 0', (id) => joined(headers(id, SILENT, true), windowUpdate(id, 0))],
  ['DATA behind END_STREAM', (id) => joined(headers(id, SILENT, true), data(id, 'x'))],
  ['HEADERS behind END_STREAM', (id) => joined(headers(id, SILENT, true), headers(id, SILENT, true))],
  [
    'a stream that depends on itself',
    (id) => joined(headers(id, SILENT, true), frame(PRIORITY, 0, id, Buffer.from([0, 0, id >> 8, id & 255, 0]))),
  ],
  [
    'more DATA than content-length says',
    (id) =>
      joined(
        request(id, { method: 'POST', authority: 'silent', open: true, fields: [['content-length', '1']] }),
        data(id, 'xx'),
      ),
  ],
]

export const kindredProvocations: [string, (id: number) => Buffer][] = [
  [
    'a PRIORITY that is not five bytes',
    (id) => joined(headers(id, SILENT, true), frame(PRIORITY, 0, id, Buffer.alloc(4))),
  ],
  [
    'trailers without END_STREAM',
    (id) => joined(request(id, { method: 'POST', authority: 'silent', open: true }), headers(id, field('x-a', 'b'))),
  ],
]

/** One of them again and again. */
export function provoking(client: Http2Peer, provoke: (id: number) => Buffer): Promise<void> {
  return pour(client, (turn) => Buffer.concat(Array.from({ length: 100 }, (_, i) => provoke(2 * (100 * turn + i) + 1))))
}
