/** Lines on their way out: queued, written one write at a time, bounded; what finds no room is dropped and counted. */
import { type Outlet, outletAt, outletFor } from './outlet.ts'

export interface LineSink {
  /**
   * Takes whole lines, that many of them, and writes them as soon as what came before is written. `free`: the chunk is only
   * lent, and this is called once when it is needed no more, perhaps before the call returns.
   */
  write(chunk: Buffer, lines: number, free?: () => void): void
  /** Lines that were lost: no room, or the other end is gone. */
  readonly dropped: number
  /**
   * Opens the path anew where there is one, for whoever has moved its file away; what was being written is written to the end
   * where it began. Throws what `node:fs` throws; then the file stays that was open.
   */
  reopen(): void
  /** Settles when all is written or nothing more can be; never, while the other end does not read. */
  close(): Promise<void>
}

/** Bytes that may wait, the write under way included. */
const LIMIT = 1 << 20

/** Errors after which the other end does not come back. */
const GONE: readonly (string | undefined)[] = ['EPIPE', 'EBADF', 'ECONNRESET', 'ENXIO', 'EIO', 'ERR_STREAM_DESTROYED']

const FEED = 10
const LINE_FEED = Buffer.from([FEED])

export class FileSink implements LineSink {
  /** undefined: a descriptor, which is not ours to exchange. */
  readonly #path: string | undefined
  #outlet: Outlet
  /** Takes its place once the chunk at hand is written. */
  #opened: Outlet | undefined
  readonly #queue: Buffer[]
  #queuedLines: number
  /** Bytes of the queue and of the chunk. */
  #waiting: number
  /** The write under way, or what one left behind. */
  #chunk: Buffer | undefined
  #chunkLines: number
  /** Of a chunk that is lent. */
  #free: (() => void) | undefined
  /** What is written of the chunk ends in the midst of a line. */
  #partial: boolean
  /** And so does the file: the rest of that line found no room on the disk. */
  #torn: boolean
  #writing: boolean
  #gone: boolean
  #closed: boolean
  #dropped: number
  #whenEmpty: (() => void) | undefined
  readonly #onWritten = (error: NodeJS.ErrnoException | null, written: number) => this.#written(error, written)
  readonly #onMended = (error: NodeJS.ErrnoException | null, written: number) => this.#mended(error, written)

  /** `target`: a file descriptor, or a path that is appended to. `rare`: see `outletFor`, of a descriptor. Throws when it cannot open. */
  constructor(target: number | string, rare = false) {
    this.#path = typeof target === 'number' ? undefined : target
    this.#outlet = typeof target === 'number' ? outletFor(target, rare) : outletAt(target)
    this.#opened = undefined
    this.#queue = []
    this.#queuedLines = 0
    this.#waiting = 0
    this.#chunk = undefined
    this.#chunkLines = 0
    this.#free = undefined
    this.#partial = false
    this.#torn = false
    this.#writing = false
    this.#gone = false
    this.#closed = false
    this.#dropped = 0
    this.#whenEmpty = undefined
  }

  get dropped(): number {
    return this.#dropped
  }

  write(chunk: Buffer, lines: number, free?: () => void): void {
    if (this.#gone || this.#waiting + chunk.length > LIMIT) {
      this.#dropped += lines
      free?.()
    } else if (free !== undefined && this.#chunk === undefined && this.#queue.length === 0) {
      this.#waiting += chunk.length
      this.#chunk = chunk
      this.#chunkLines = lines
      this.#free = free
    } else {
      // What waits may wait for long, and few bytes may be lent in a large page.
      this.#queue.push(free === undefined ? chunk : Buffer.from(chunk))
      this.#queuedLines += lines
      this.#waiting += chunk.length
      free?.()
    }
    this.#next()
  }

  reopen(): void {
    if (this.#path === undefined || this.#closed) return
    const opened = outletAt(this.#path)
    this.#opened?.close()
    this.#opened = opened
    if (this.#chunk === undefined) this.#exchange(opened)
  }

  #exchange(opened: Outlet): void {
    this.#outlet.close()
    this.#outlet = opened
    this.#opened = undefined
    this.#torn = false
    this.#gone = false
  }

  close(): Promise<void> {
    // cold: at the end
    return new Promise((resolve) => {
      this.#whenEmpty = resolve
      this.#next()
      if (!this.#writing) this.#finish()
    })
  }

  #next(): void {
    if (this.#writing) return
    if (this.#chunk === undefined) {
      if (this.#queue.length === 0) return
      this.#chunk = this.#queue.length === 1 ? (this.#queue[0] as Buffer) : Buffer.concat(this.#queue)
      this.#chunkLines = this.#queuedLines
      this.#queue.length = 0
      this.#queuedLines = 0
    }
    this.#writing = true
    // The next line must not be taken for the rest of that one.
    if (this.#torn) this.#outlet.write(LINE_FEED, this.#onMended)
    else this.#outlet.write(this.#chunk, this.#onWritten)
  }

  #mended(error: NodeJS.ErrnoException | null, written: number): void {
    if (error !== null) {
      this.#written(error, 0)
      return
    }
    this.#torn = written === 0
    this.#writing = false
    this.#next()
  }

  #written(error: NodeJS.ErrnoException | null, written: number): void {
    this.#writing = false
    const chunk = this.#chunk
    if (chunk === undefined || (error !== null && error.code === 'EAGAIN')) return
    if (error === null && written < chunk.length) {
      this.#chunk = chunk.subarray(written)
      this.#waiting -= written
      this.#chunkLines -= lineFeedsIn(chunk, written)
      this.#partial = chunk[written - 1] !== FEED
    } else {
      this.#chunk = undefined
      this.#free?.()
      this.#free = undefined
      this.#waiting -= chunk.length
      if (error !== null) this.#lose(GONE.includes(error.code))
      if (error !== null && this.#partial) this.#torn = true
      this.#partial = false
      this.#chunkLines = 0
      if (this.#opened !== undefined) this.#exchange(this.#opened)
    }
    this.#next()
    if (!this.#writing) this.#finish()
  }

  /** A full disk costs the lines at hand; a reader that left, all that come. */
  #lose(gone: boolean): void {
    this.#dropped += this.#chunkLines
    if (!gone) return
    this.#gone = true
    this.#dropped += this.#queuedLines
    this.#queue.length = 0
    this.#queuedLines = 0
    this.#waiting = 0
  }

  #finish(): void {
    const whenEmpty = this.#whenEmpty
    if (whenEmpty === undefined) return
    this.#whenEmpty = undefined
    this.#gone = true
    this.#closed = true
    this.#outlet.close()
    this.#opened?.close()
    whenEmpty()
  }
}

/** How many lines end among the first `length` bytes. */
function lineFeedsIn(chunk: Buffer, length: number): number {
  let count = 0
  for (let at = chunk.indexOf(FEED); at >= 0 && at < length; at = chunk.indexOf(FEED, at + 1)) count++
  return count
}
