/** Parts → bytes. Heads are made anew from parsed parts, never copied; text is latin1, as it was read. */
import type { Headers } from '../core/headers.ts'
import { has, NO_HEADERS } from '../core/headers.ts'
import type { RequestHead, ResponseHead } from '../core/exchange.ts'

export function fieldLines(headers: Headers): string {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}

/** `host` is what the upstream shall see as Host; `key` a Sec-WebSocket-Key that the request has not, or ''. */
export function requestText(request: RequestHead, host: string, key: string): string {
  let text = `${request.method} ${request.target} HTTP/1.1\r\nHost: ${host}\r\n${fieldLines(request.headers)}`
  const added = request.attempt.fields
  if (added.length > 0) text += fieldLines(added)
  if (request.bodyLength < 0) text += 'Transfer-Encoding: chunked\r\n'
  if (request.expectContinue) text += 'Expect: 100-continue\r\n'
  if (key !== '') text += `Sec-WebSocket-Key: ${key}\r\n`
  if (request.upgrade !== '') text += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`
  // RFC 9110 §10.1.4: it is for the next hop, and so has to be named.
  if (has(request.headers, 'te')) text += 'Connection: TE\r\n'
  return `${text}\r\n`
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
export function responseText(head: ResponseHead, connection: string, chunked: boolean): string {
  const phrase = head.reasonPhrase !== '' ? head.reasonPhrase : (PHRASES[head.status] ?? '')
  let text = `HTTP/1.1 ${head.status} ${phrase}\r\n${fieldLines(head.headers)}`
  if (chunked) text += 'Transfer-Encoding: chunked\r\n'
  if (connection !== '') text += `Connection: ${connection}\r\n`
  return `${text}\r\n`
}

/** The last chunk and the trailers behind it. */
export function lastChunk(trailers: Headers | undefined): string {
  return trailers === undefined || trailers === NO_HEADERS ? '0\r\n\r\n' : `0\r\n${fieldLines(trailers)}\r\n`
}
