/** One direction of a spliced connection: what comes from one socket goes to the other, as fast as that one takes it. */
import type { Socket } from 'node:net'
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

  constructor(from: Socket, to: Socket, passed: Passed) {
    this.#from = from
    this.#to = to
    this.#passed = passed
    from.on('end', () => to.end())
    to.on('drain', () => from.resume())
  }

  receive(borrowed: Buffer): void {
    this.pass(own(borrowed))
  }

  /** `chunk` is ours. */
  pass(chunk: Buffer): void {
    this.#passed(chunk.length)
    // A write to a socket that is going comes to nothing; its end is told elsewhere.
    if (!this.#to.write(chunk)) this.#from.pause()
  }
}
