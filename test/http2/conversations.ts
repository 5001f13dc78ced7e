/** What a client or a server may say on a connection, frame by frame, in every form that RFC 9113 allows, and its meaning. */
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  HAS_PRIORITY,
  HEADERS,
  PADDED,
  PREFACE,
  PRIORITY,
} from '../../src/http2/frames.ts'
import { frame, ping, SETTINGS_ACK, settings, windowUpdate } from '../support/http2-raw.ts'
import type { Seeded } from '../support/seeded.ts'
import { type Pair, ReferenceEncoder } from './hpack/reference.ts'

export interface Message {
  /** Method and path; or status. */
  readonly start: readonly string[]
  readonly fields: readonly Pair[]
  readonly body: string
  readonly trailers: readonly Pair[]
}

export interface Conversation {
  readonly frames: readonly Buffer[]
  /** By stream, ids 1, 3, 5 and so on. */
  readonly meant: readonly Message[]
}

const NAMES = ['x-t-one', 'x-t-two', 'x-t-three', 'accept-language', 'etag']
const VALUES = ['', '1', 'a, b', 'two  spaces', '\xe4\xff', 'x'.repeat(60)]
const PATHS = ['/', '/index.html', '/a/b?c=d', '/%7Euser', "/!$&'()*+,;=:@"]

function makeFields(random: Seeded, most: number): Pair[] {
  return Array.from({ length: random.int(most + 1) }, () => [random.pick(NAMES), random.pick(VALUES)] as const)
}

function makeBody(random: Seeded, most: number): string {
  const size = random.pick([0, 1, random.int(most + 1)])
  return Array.from({ length: size }, () => String.fromCharCode(random.int(256))).join('')
}

/** Payload behind its padding, with the flag that says so. */
function padded(random: Seeded, payload: Buffer): readonly [flag: number, payload: Buffer] {
  if (!random.chance(0.3)) return [0, payload]
  const padding = random.pick([0, 1, 7, 255])
  return [PADDED, Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)])]
}

/** One block, whole or in parts, of which some may be empty. */
function headerFrames(random: Seeded, id: number, block: Buffer, end: boolean): Buffer {
  const cuts = Array.from({ length: random.pick([0, 0, 0, 1, 3]) }, () => random.int(block.length + 1)).sort(
    (a, b) => a - b,
  )
  const parts = [...cuts, block.length].map((to, i) => block.subarray(i === 0 ? 0 : cuts[i - 1], to))
  const first = parts[0] as Buffer
  const weighed = random.chance(0.2)
  const priority = weighed ? Buffer.from([0, 0, 0, 0, random.int(256)]) : Buffer.alloc(0)
  const [pad, payload] = padded(random, Buffer.concat([priority, first]))
  const flags = pad | (weighed ? HAS_PRIORITY : 0) | (end ? END_STREAM : 0)
  const frames = [frame(HEADERS, flags | (parts.length === 1 ? END_HEADERS : 0), id, payload)]
  for (let i = 1; i < parts.length; i++) {
    frames.push(frame(CONTINUATION, i === parts.length - 1 ? END_HEADERS : 0, id, parts[i]))
  }
  // Nothing may stand between them: one unit.
  return Buffer.concat(frames)
}

/** What means nothing to any stream. */
function noise(random: Seeded): Buffer {
  switch (random.int(5)) {
    case 0:
      return ping(String(random.between(10_000_000, 99_999_999)))
    case 1:
      return settings([[random.pick([1, 3, 6, 0x4242]), random.pick([0, 1030, 4096, 100_000])]])
    case 2:
      return frame(PRIORITY, 0, random.pick([1, 3, 101]), Buffer.from([0, 0, 0, 0, 7]))
    case 3:
      return frame(0x20 + random.int(200), random.int(256), random.pick([0, 1, 3]), Buffer.alloc(random.int(20), 0x55))
    default:
      return windowUpdate(0, random.between(1, 1000))
  }
}

class Sender {
  readonly frames: Buffer[] = []
  readonly #random: Seeded
  readonly #encoder: ReferenceEncoder

  constructor(random: Seeded) {
    this.#random = random
    this.#encoder = new ReferenceEncoder(random, 4096)
  }

  #block(fields: readonly Pair[]): Buffer {
    const random = this.#random
    const parts: Buffer[] = []
    if (random.chance(0.05)) parts.push(this.#encoder.resize(random.int(4097)))
    for (const field of fields) parts.push(this.#encoder.field(field).bytes)
    return Buffer.concat(parts)
  }

  headers(id: number, fields: readonly Pair[], end: boolean): void {
    this.frames.push(headerFrames(this.#random, id, this.#block(fields), end))
    if (this.#random.chance(0.2)) this.frames.push(noise(this.#random))
  }

  data(id: number, body: string, end: boolean): void {
    const [flag, payload] = padded(this.#random, Buffer.from(body, 'latin1'))
    this.frames.push(frame(DATA, flag | (end ? END_STREAM : 0), id, payload))
    if (this.#random.chance(0.1)) this.frames.push(noise(this.#random))
  }
}

/** One message, step by step. */
class Saying {
  readonly id: number
  readonly #message: Message
  readonly #before: readonly (readonly Pair[])[]
  #step = 0
  #at = 0

  /** `before`: heads that come before its own, 1xx. */
  constructor(id: number, message: Message, before: readonly (readonly Pair[])[]) {
    this.id = id
    this.#message = message
    this.#before = before
  }

  /** Returns whether there is more. */
  next(random: Seeded, sender: Sender, pseudo: readonly Pair[]): boolean {
    const { fields, body, trailers } = this.#message
    const interim = this.#before[this.#step]
    if (interim !== undefined) {
      this.#step++
      sender.headers(this.id, interim, false)
      return true
    }
    if (this.#step === this.#before.length) {
      this.#step++
      const all = body === '' && trailers.length === 0 && random.chance(0.7)
      sender.headers(this.id, [...pseudo, ...fields], all)
      return !all
    }
    const left = body.length - this.#at
    if (left === 0 && trailers.length > 0) {
      sender.headers(this.id, trailers, true)
      return false
    }
    const size = random.chance(0.1) ? 0 : Math.min(left, random.pick([1, 50, 1000]))
    const piece = body.slice(this.#at, this.#at + size)
    this.#at += size
    const last = this.#at === body.length && trailers.length === 0 && random.chance(0.8)
    sender.data(this.id, piece, last)
    return !last
  }
}

function play(
  random: Seeded,
  sender: Sender,
  all: readonly (readonly [Saying, readonly Pair[]])[],
  inOrder: boolean,
): void {
  const waiting = [...all]
  const open: (readonly [Saying, readonly Pair[]])[] = []
  while (waiting.length + open.length > 0) {
    if (waiting.length > 0 && (open.length === 0 || random.chance(0.4))) {
      const [first] = waiting.splice(inOrder ? 0 : random.int(waiting.length), 1)
      open.push(first as (typeof open)[0])
      if (!(first as (typeof open)[0])[0].next(random, sender, (first as (typeof open)[0])[1])) open.pop()
      continue
    }
    const at = random.int(open.length)
    const [saying, pseudo] = open[at] as (typeof open)[0]
    if (!saying.next(random, sender, pseudo)) open.splice(at, 1)
  }
}

function makeMessage(random: Seeded, start: readonly string[], most: number): Message {
  return {
    start,
    fields: makeFields(random, 5),
    body: makeBody(random, most),
    trailers: random.chance(0.3)
      ? [['x-t-sum', random.pick(VALUES)], ...makeFields(random, 2).filter(([name]) => name !== 'etag')]
      : [],
  }
}

/** A client's side, preface first. `most`: bytes of a body. */
export function makeRequests(random: Seeded, count: number, most: number): Conversation {
  const meant = Array.from({ length: count }, () =>
    makeMessage(random, [random.pick(['GET', 'POST', 'PUT', 'QUERY']), random.pick(PATHS)], most),
  )
  const sender = new Sender(random)
  sender.frames.push(PREFACE, settings([[4, 1_000_000]]))
  const sayings = meant.map((message, i): readonly [Saying, readonly Pair[]] => {
    const [method = '', path = ''] = message.start
    return [
      new Saying(2 * i + 1, message, []),
      [
        [':method', method],
        [':scheme', 'http'],
        [':authority', 'origin'],
        [':path', path],
      ],
    ]
  })
  play(random, sender, sayings, true)
  return { frames: sender.frames, meant }
}

/** A server's side, to as many requests. Each is asked for by GET. */
export function makeAnswers(random: Seeded, count: number, most: number): Conversation {
  const meant = Array.from({ length: count }, () =>
    makeMessage(random, [random.pick(['200', '201', '404', '503'])], most),
  )
  const sender = new Sender(random)
  sender.frames.push(settings([[4, 1_000_000]]), SETTINGS_ACK)
  const sayings = meant.map((message, i): readonly [Saying, readonly Pair[]] => {
    const before: Pair[][] = Array.from({ length: random.pick([0, 0, 1, 2]) }, () => [
      [':status', '103'],
      ['x-t-hint', random.pick(VALUES)],
    ])
    return [new Saying(2 * i + 1, message, before), [[':status', message.start[0] as string]]]
  })
  play(random, sender, sayings, false)
  return { frames: sender.frames, meant }
}
