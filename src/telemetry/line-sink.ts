/** Lines on their way out: gathered, written one write at a time, bounded; what finds no room is dropped and counted. */
import { openSync } from 'node:fs'
import { type Outlet, outletFor } from './outlet.ts'

export interface LineSink {
  /** `line` ends with a newline. */
  write(line: string): void
  /** Starts writing what was gathered, unless a write is under way, which goes on with it by itself. */
  flush(): void
  /** Lines that were lost: no room, or the other end is gone. */
  readonly dropped: number
  /** Settles when all is written or nothing more can be; never, while the other end does not read. */
  close(): Promise<void>
}

/** Characters that may wait, the write under way included. */
const LIMIT = 1 << 20

/** Errors after which the other end does not come back. */
const GONE: readonly (string | undefined)[] = ['EPIPE', 'EBADF', 'ECONNRESET', 'ENXIO', 'EIO', 'ERR_STREAM_DESTROYED']

export class FileSink implements LineSink {
  readonly #outlet: Outlet
  readonly #gathered: string[]
  /** Characters of the gathered lines. */
  #size: number
  /** The write under way, or what one left behind. */
  #chunk: Buffer | undefined
  #chunkLines: number
  #writing: boolean
  #gone: boolean
  #dropped: number
  #whenEmpty: (() => void) | undefined
  readonly #onWritten = (error: NodeJS.ErrnoException | null, written: number) => this.#written(error, written)

  /** `target`: a file descriptor, or a path that is appended to. `rare`: see `outletFor`. Throws when it cannot open. */
  constructor(target: number | string, rare = false) {
    this.#outlet = outletFor(typeof target === 'number' ? target : openSync(target, 'a'), rare)
    this.#gathered = []
    this.#size = 0
    this.#chunk = undefined
    this.#chunkLines = 0
    this.#writing = false
    this.#gone = false
    this.#dropped = 0
    this.#whenEmpty = undefined
  }

  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    const waiting = this.#size + (this.#chunk === undefined ? 0 : this.#chunk.length)
    if (this.#gone || waiting + line.length > LIMIT) {
      this.#dropped++
      return
    }
    this.#gathered.push(line)
    this.#size += line.length
  }

  flush(): void {
    if (this.#writing) return
    if (this.#chunk === undefined) {
      if (this.#gathered.length === 0) return
      // Joining an array costs half of what flattening one long concatenation does.
      this.#chunk = Buffer.from(this.#gathered.join(''))
      this.#chunkLines = this.#gathered.length
      this.#clear()
    }
    this.#writing = true
    this.#outlet.write(this.#chunk, this.#onWritten)
  }

  close(): Promise<void> {
    // cold: at the end
    return new Promise((resolve) => {
      this.#whenEmpty = resolve
      this.flush()
      if (!this.#writing) this.#finish()
    })
  }

  #finish(): void {
    const whenEmpty = this.#whenEmpty
    if (whenEmpty === undefined) return
    this.#whenEmpty = undefined
    this.#gone = true
    this.#outlet.close()
    whenEmpty()
  }

  #written(error: NodeJS.ErrnoException | null, written: number): void {
    this.#writing = false
    const chunk = this.#chunk
    if (error !== null && error.code === 'EAGAIN') return
    if (error === null && chunk !== undefined && written < chunk.length) {
      this.#chunk = chunk.subarray(written)
    } else {
      if (error !== null) this.#lose(GONE.includes(error.code))
      this.#chunk = undefined
      this.#chunkLines = 0
    }
    this.flush()
    if (!this.#writing) this.#finish()
  }

  /** A full disk costs the lines at hand; a reader that left, all that come. */
  #lose(gone: boolean): void {
    this.#dropped += this.#chunkLines
    if (!gone) return
    this.#gone = true
    this.#dropped += this.#gathered.length
    this.#clear()
  }

  #clear(): void {
    this.#gathered.length = 0
    this.#size = 0
  }
}
