/** Where the messages of a gRPC body begin and end: five bytes, of which four are the length, stand before each. */

const PREFIX = 5

/** The first piece of a body is its first message, and all of it. */
export function isOneMessage(chunk: Buffer): boolean {
  return chunk.length >= PREFIX && chunk.readUInt32BE(1) === chunk.length - PREFIX
}

export class GrpcMessages {
  /** Messages of which a byte has come. */
  begun: number
  /** Bytes of the prefix that have come; 0 between two messages and inside one. */
  #prefix: number
  /** Of the length, as far as it has come. */
  #length: number
  /** Bytes of the message that are still to come. */
  #left: number

  constructor() {
    this.begun = 0
    this.#prefix = 0
    this.#length = 0
    this.#left = 0
  }

  /** Every message that began is whole. */
  get whole(): boolean {
    return this.#prefix === 0 && this.#left === 0
  }

  /** The next piece of the body. */
  add(chunk: Buffer): void {
    const size = chunk.length
    let at = 0
    while (at < size) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, size - at)
        this.#left -= step
        at += step
      } else {
        this.#addPrefix(chunk[at] as number)
        at++
      }
    }
  }

  #addPrefix(byte: number): void {
    if (this.#prefix === 0) {
      this.begun++
      // The first byte says whether the message is compressed.
      this.#length = 0
    } else {
      // Four bytes may be more than an int32 holds.
      this.#length = this.#length * 256 + byte
    }
    this.#prefix++
    if (this.#prefix < PREFIX) return
    this.#prefix = 0
    this.#left = this.#length
  }
}
