/**
 * Reads without a buffer each. Node allocates 64 KiB for every read of a socket and gives most of it back; here all sockets
 * read into one buffer, which is looked at before the next read comes, and only what has to outlive the event is copied.
 */
import { type OnReadOpts, Socket } from 'node:net'
import { SMALL_BACKING } from '../core/own-copy.ts'
import { madeBytes } from './young-bodies.ts'

/** What a socket's bytes are given to. */
export interface Reader {
  /** The buffer is borrowed: it is overwritten by the next read of any socket. Returns true to be given more at once next time. */
  receive(borrowed: Buffer): unknown
}

const SIZE = 64 * 1024
const shared = Buffer.allocUnsafeSlow(SIZE)

/** Views of it, by their length: messages of one route are often of one length, and all are given back before the next read. */
const VIEWS = 64
const views: (Buffer | undefined)[] = new Array(VIEWS).fill(undefined)

function viewOf(length: number): Buffer {
  const place = length & (VIEWS - 1)
  const kept = views[place]
  if (kept !== undefined && kept.length === length) return kept
  const made = shared.subarray(0, length)
  views[place] = made
  return made
}

/**
 * For those that carry much and bound what they hold in other ways: a quarter of the reads, and of the writes that each of
 * them causes. Made when it is first asked for.
 */
const WIDE_SIZE = 256 * 1024
let wide: Buffer | undefined

/** Pieces up to here are cut out of a small buffer that serves several; Node's own would pin 64 KiB for each that is kept. */
const SMALL = 512
let pool = Buffer.allocUnsafeSlow(SMALL_BACKING)
let used = 0

/** A copy that the receiver may keep, of what stands in `borrowed`. */
export function own(borrowed: Buffer, from = 0, to = borrowed.length): Buffer {
  const length = to - from
  const copy = length <= SMALL ? cut(length) : Buffer.allocUnsafe(length)
  borrowed.copy(copy, 0, from, to)
  madeBytes(length)
  return copy
}

/** Up to here two or more pieces that are kept share a store. */
const SHARED = 16 * 1024
/** By the power of two that a piece fits into: the store it is cut from, and how much of that is used. */
const stores: Buffer[] = new Array(15).fill(Buffer.alloc(0))
const usedOf: number[] = new Array(15).fill(0)

/**
 * A copy that will be kept for a while, as bodies of requests are until nobody can have to send them again. Its store is at
 * most four times as large as itself, so that `ownCopy` need not copy it once more; and two of one length leave nothing of it
 * unused: a thousand uploads that nobody takes have a first window of 12 KiB each, and held 16.
 */
export function ownToKeep(borrowed: Buffer, from = 0, to = borrowed.length): Buffer {
  const length = to - from
  if (length <= SMALL) return own(borrowed, from, to)
  const copy = length <= SHARED ? cutToKeep(length) : Buffer.allocUnsafeSlow(length)
  borrowed.copy(copy, 0, from, to)
  madeBytes(length)
  return copy
}

function cutToKeep(length: number): Buffer {
  const power = 32 - Math.clz32(length - 1)
  let begin = usedOf[power] as number
  let store = stores[power] as Buffer
  if (begin + length > store.length) {
    store = Buffer.allocUnsafeSlow(2 * length)
    stores[power] = store
    begin = 0
  }
  usedOf[power] = begin + length
  return store.subarray(begin, begin + length)
}

function cut(length: number): Buffer {
  if (used + length > SMALL_BACKING) {
    pool = Buffer.allocUnsafeSlow(SMALL_BACKING)
    used = 0
  }
  const begin = used
  used += length
  return pool.subarray(begin, used)
}

/** The `onread` option of a socket whose reader is known only once the socket is made. */
export class Reading {
  reader: Reader | undefined
  readonly onread: OnReadOpts
  /** What the next read goes to. */
  #buffer: Buffer
  /** Node knows it, and is asking only because a read is over. */
  #known: boolean

  constructor() {
    this.reader = undefined
    this.#buffer = shared
    this.#known = false
    this.onread = { buffer: () => this.#next(), callback: (length) => this.#read(length) }
  }

  /** Asked when there is a handle, which may be more than once, and behind each read: there nothing means that it is the same. */
  #next(): Buffer {
    if (!this.#known) return this.#buffer
    this.#known = false
    return undefined as unknown as Buffer
  }

  #read(length: number): boolean {
    const buffer = this.#buffer
    const more = this.reader?.receive(buffer === shared ? viewOf(length) : buffer.subarray(0, length)) === true
    if (more === (buffer === shared)) this.#buffer = more ? (wide ??= Buffer.allocUnsafeSlow(WIDE_SIZE)) : shared
    else this.#known = true
    return true
  }
}

/** What Node keeps behind a socket; there is no public way to give an accepted connection a read buffer. */
interface WithHandle {
  _handle: { readonly reading?: boolean } | null
}

/**
 * An accepted, still unread socket (`pauseOnConnect`) that reads into the shared buffer. Where Node's inside has no handle
 * to move, the socket stays as it is and reads into buffers of its own.
 */
export function readingSocket(accepted: Socket, reading: Reading): Socket {
  const handle = (accepted as unknown as WithHandle)._handle
  if (handle == null) return plainly(accepted, reading)
  ;(accepted as unknown as WithHandle)._handle = null
  const options = { handle, allowHalfOpen: true, readable: true, writable: true, onread: reading.onread }
  return new Socket(options as ConstructorParameters<typeof Socket>[0])
}

/** A socket that reads into buffers of its own, as TLS does. */
export function plainly(socket: Socket, reading: Reading): Socket {
  socket.on('data', (chunk: Buffer) => reading.reader?.receive(chunk))
  return socket
}
