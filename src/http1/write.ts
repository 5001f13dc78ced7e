/**
 * Parts → bytes, straight into the room that an outbox has: a text put together first would be a dozen pieces of garbage for
 * each head. Heads are made anew from parsed parts, never copied; text is latin1, as it was read.
 */
import type { RequestHead, ResponseHead } from '../core/exchange.ts'
import { has, type Headers, NO_HEADERS } from '../core/headers.ts'
import { put } from '../core/latin1.ts'
import type { Outbox } from '../net/outbox.ts'

const CR = 13
const LF = 10
const COLON = 58
const SP = 32
const ZERO = 48

/** Bytes of all that is fixed in a head, if every line of our own stands in it. */
const FIXED = 256

function fieldsSize(headers: Headers): number {
  let size = headers.length * 2
  for (let i = 0; i < headers.length; i++) size += (headers[i] as string).length
  return size
}

function putEnd(room: Buffer, at: number): number {
  room[at] = CR
  room[at + 1] = LF
  return at + 2
}

function putFields(room: Buffer, from: number, headers: Headers): number {
  let at = from
  for (let i = 0; i < headers.length; i += 2) {
    at = put(room, at, headers[i] as string)
    room[at++] = COLON
    room[at++] = SP
    at = putEnd(room, put(room, at, headers[i + 1] as string))
  }
  return at
}

/** `host` is what the upstream shall see as Host; `key` a Sec-WebSocket-Key that the request has not, or ''. */
export function writeRequest(outbox: Outbox, request: RequestHead, host: string, key: string): void {
  const { method, target, headers, upgrade } = request
  const added = request.attempt.fields
  const parts = method.length + target.length + host.length + key.length + upgrade.length
  const room = outbox.room(FIXED + parts + fieldsSize(headers) + fieldsSize(added))
  let at = put(room, outbox.at, method)
  room[at++] = SP
  at = put(room, put(room, at, target), ' HTTP/1.1\r\nHost: ')
  at = putEnd(room, put(room, at, host))
  at = putFields(room, at, headers)
  at = putFields(room, at, added)
  if (request.bodyLength < 0) at = put(room, at, 'Transfer-Encoding: chunked\r\n')
  if (request.expectContinue) at = put(room, at, 'Expect: 100-continue\r\n')
  if (key !== '') at = putEnd(room, put(room, put(room, at, 'Sec-WebSocket-Key: '), key))
  if (upgrade !== '') at = putEnd(room, put(room, put(room, at, 'Connection: Upgrade\r\nUpgrade: '), upgrade))
  // RFC 9110 §10.1.4: it is for the next hop, and so has to be named.
  if (has(headers, 'te')) at = put(room, at, 'Connection: TE\r\n')
  outbox.commit(putEnd(room, at))
}

const PHRASES: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  103: 'Early Hints',
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  508: 'Loop Detected',
}

/** `connection` is the value of our own Connection field, or ''. `chunked`: the body's framing is ours to name. */
export function writeResponse(outbox: Outbox, head: ResponseHead, connection: string, chunked: boolean): void {
  const { status, headers } = head
  const phrase = head.reasonPhrase !== '' ? head.reasonPhrase : (PHRASES[status] ?? '')
  const room = outbox.room(FIXED + phrase.length + connection.length + fieldsSize(headers))
  let at = put(room, outbox.at, 'HTTP/1.1 ')
  room[at++] = ZERO + ((status / 100) | 0)
  room[at++] = ZERO + (((status / 10) | 0) % 10)
  room[at++] = ZERO + (status % 10)
  room[at++] = SP
  at = putEnd(room, put(room, at, phrase))
  at = putFields(room, at, headers)
  if (chunked) at = put(room, at, 'Transfer-Encoding: chunked\r\n')
  if (connection !== '') at = putEnd(room, put(room, put(room, at, 'Connection: '), connection))
  outbox.commit(putEnd(room, at))
}

/** A piece of a body whose length the head has told. */
export function writePiece(outbox: Outbox, piece: Buffer): void {
  // Behind a head there is nearly always room for it, and one piece is written for less than two.
  if (piece.length <= outbox.left) outbox.copy(piece)
  else outbox.bytes(piece)
}

/** A piece of a body whose length nobody knows yet; it must not be empty. */
export function writeChunk(outbox: Outbox, piece: Buffer): void {
  writeText(outbox, `${piece.length.toString(16)}\r\n`)
  writePiece(outbox, piece)
  writeText(outbox, '\r\n')
}

/** The last chunk and the trailers behind it. */
export function writeLastChunk(outbox: Outbox, trailers: Headers | undefined): void {
  const fields = trailers ?? NO_HEADERS
  const room = outbox.room(FIXED + fieldsSize(fields))
  const at = put(room, outbox.at, '0\r\n')
  outbox.commit(putEnd(room, putFields(room, at, fields)))
}

function writeText(outbox: Outbox, text: string): void {
  const room = outbox.room(text.length)
  outbox.commit(put(room, outbox.at, text))
}
