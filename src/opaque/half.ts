/** One direction of a spliced connection: what comes from one socket goes to the other, as fast as that one takes it. */
import type { Socket } from 'node:net'
import { lastWords } from '../net/last-words.ts'
import { own, type Reader } from '../net/shared-read.ts'

/** Told how many bytes passed. */
export type Passed = (bytes: number) => void

/**
 * Holds at most what the kernel does not take of one read (64 KiB) and the writable side's own high-water mark: while that
 * is exceeded, nothing more is read.
 */
export class Half implements Reader {
  readonly #from: Socket
  readonly #to: Socket
  readonly #passed: Passed
  /** The other direction. */
  #back: Half | undefined

  constructor(from: Socket, to: Socket, passed: Passed) {
    this.#from = from
    this.#to = to
    this.#passed = passed
    this.#back = undefined
    from.on('end', () => to.end())
    to.on('drain', () => from.resume())
  }

  /** `back`: the other direction. */
  facing(back: Half): this {
    this.#back = back
    back.#back = this
    return this
  }

  receive(borrowed: Buffer): void {
    this.pass(own(borrowed))
  }

  /** `chunk` is ours. */
  pass(chunk: Buffer): void {
    this.#passed(chunk.length)
    // A write to a socket that is going comes to nothing; its end is told elsewhere.
    if (this.#to.write(chunk)) return
    this.#from.pause()
    if (this.#to.errored !== null && !this.#to.destroyed) this.#refused()
  }

  /** Whoever is gone may have said something before, which the other one would have got without us. */
  #refused(): void {
    for (const piece of lastWords(this.#to)) this.#back?.pass(piece)
  }
}
