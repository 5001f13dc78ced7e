/** What a case is: one HTTP/2 request, frame by frame, and what the origin must then have seen of it. */
import { CONTINUATION, END_HEADERS, END_STREAM, HEADERS, PADDED } from '../../../../src/http2/frames.ts'
import { block, data, type Fields, frame, headers } from '../../../support/http2-raw.ts'
import { type Seen, shown } from '../message.ts'

/** The stream that every case is on. */
export const ID = 1

export interface Case {
  readonly name: string
  /** The head's block. */
  readonly block: Buffer
  /** The head ends the stream. */
  readonly end: boolean
  /** What follows the head. */
  readonly rest: Buffer
  /**
   * `forward`: it arrives once, whole, as `want` says. `stream`: refused by RST_STREAM(PROTOCOL_ERROR), no whole request
   * arrives. `connection`: by GOAWAY. A number: answered with that status, and nothing arrives.
   */
  readonly verdict: 'forward' | 'stream' | 'connection' | number
  readonly want?: Partial<Seen>
}

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'app.test'],
  [':path', '/'],
]
export const POST: Fields = [[':method', 'POST'], ...GET.slice(1)]

/** A request that is its head. */
export function bare(name: string, fields: Fields, verdict: Case['verdict'], want: Partial<Seen> = {}): Case {
  return { name, block: block(fields), end: true, rest: Buffer.alloc(0), verdict, want }
}

/** A GET with these fields more. */
export function got(name: string, fields: Fields, verdict: Case['verdict'], want?: Partial<Seen>): Case {
  return bare(name, [...GET, ...fields], verdict, want)
}

/** With frames behind the head. */
export function sent(
  name: string,
  fields: Fields,
  rest: readonly Buffer[],
  verdict: Case['verdict'],
  want: Partial<Seen> = {},
): Case {
  return { name, block: block(fields), end: false, rest: Buffer.concat(rest), verdict, want }
}

export function body(text: string, end = true): Buffer {
  return data(ID, text, end)
}

export function trailers(fields: Fields, end = true): Buffer {
  return headers(ID, block(fields), end)
}

/** The four with one of them replaced, or, without a value, left out. */
export function withPseudo(name: string, value: string | undefined, base: Fields = GET): Fields {
  return base.flatMap((one) => (one[0] !== name ? [one] : value === undefined ? [] : [[name, value] as const]))
}

export function each(values: readonly string[], make: (value: string) => Case): Case[] {
  return values.map((value) => {
    const it = make(value)
    return {
      ...it,
      name: `${it.name} ${shown(value.length > 60 ? `${value.slice(0, 60)}… of ${value.length}` : value)}`,
    }
  })
}

/** The head as one frame. */
export function plain(it: Case): Buffer {
  return Buffer.concat([headers(ID, it.block, it.end), it.rest])
}

/** The head cut into HEADERS and CONTINUATION. */
export function split(it: Case, cuts: readonly number[]): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (const cut of [...cuts, it.block.length]) {
    parts.push(it.block.subarray(from, cut))
    from = cut
  }
  const frames = parts.map((part, i) => {
    const flags = (i === 0 && it.end ? END_STREAM : 0) | (i === parts.length - 1 ? END_HEADERS : 0)
    return frame(i === 0 ? HEADERS : CONTINUATION, flags, ID, part)
  })
  return Buffer.concat([...frames, it.rest])
}

/** The head in a frame with padding. */
export function padded(it: Case, size: number): Buffer {
  const payload = Buffer.concat([Buffer.from([size]), it.block, Buffer.alloc(size)])
  return Buffer.concat([frame(HEADERS, END_HEADERS | PADDED | (it.end ? END_STREAM : 0), ID, payload), it.rest])
}
