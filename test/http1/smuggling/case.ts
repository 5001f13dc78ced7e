/** What a smuggling case is: bytes, and what both sides must then have seen. */

/**
 * `accept`: forwarded once, whole, and answered. `reject`: no whole request of it reaches the origin, and the client is told
 * or the connection closed. `either`: one of the two, but cleanly.
 */
export type Verdict = 'accept' | 'reject' | 'either'

export interface Case {
  readonly name: string
  /** latin1: a character is a byte. */
  readonly send: string
  readonly verdict: Verdict
  /** Statuses of ours that are right for a refusal; 400 when absent. */
  readonly status?: readonly number[]
  /** What the origin must have read as the (first) body. */
  readonly body?: string
  /** The trailer fields the origin must have got, and no others. */
  readonly trailers?: readonly string[]
  readonly target?: string
  readonly host?: string
  /** Field names, in lower case, that must not (must) reach the origin. */
  readonly absent?: readonly string[]
  readonly present?: readonly string[]
  /** Requests the bytes hold. */
  readonly requests?: number
  /** Nothing behind it on the connection may be served. */
  readonly closes?: true
  /** A refusal need not close: the request's end is in no doubt. */
  readonly stays?: true
  /** Cut short: no probe follows, the client half-closes. */
  readonly cut?: true
  /** Each byte in a write of its own. */
  readonly dribble?: true
  /** The proxy answers this one itself, and goes on. */
  readonly own?: number
  /** Which of its requests are HEAD. */
  readonly heads?: readonly number[]
}

/** What a smuggled request would look like at the origin. */
export const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n'
const HOST = 'Host: app.test'

/** A head of these lines; Host stands first unless a line names one. */
export function head(start: string, ...lines: string[]): string {
  const hosted = lines.some((line) => /^host\s*:/i.test(line)) ? lines : [HOST, ...lines]
  return `${[start, ...hosted].join('\r\n')}\r\n\r\n`
}

export function get(...lines: string[]): string {
  return head('GET / HTTP/1.1', ...lines)
}

export function post(lines: readonly string[], body: string): string {
  return head('POST / HTTP/1.1', ...lines) + body
}

/** Behind `Transfer-Encoding: chunked`. */
export function chunked(body: string): string {
  return post(['Transfer-Encoding: chunked'], body)
}

/** One case for each of `values`; what cannot be printed is written as its code in the name. */
export function each(
  name: string,
  values: readonly string[],
  verdict: Verdict,
  send: (value: string) => string,
  more: Omit<Case, 'name' | 'send' | 'verdict'> = {},
): Case[] {
  return values.map((value) => ({ name: `${name} ${shown(value)}`, send: send(value), verdict, ...more }))
}

export function shown(value: string): string {
  const text = value.length > 40 ? `${value.slice(0, 40)}… of ${value.length}` : value
  return JSON.stringify(text).replace(/[\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
}
