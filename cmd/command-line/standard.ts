/**
 * Standard output and standard error of commands that say something and end. To a pipe Node writes in its own time, 64 KiB at
 * once at the most, and who exits meanwhile leaves the rest behind: half a manifest, which `kubectl apply` would take for whole.
 * What `run` logs goes its own way, for it must not wait for whoever reads it.
 */
import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

class StandardStream {
  readonly #fd: 1 | 2
  readonly #name: 'stdout' | 'stderr'
  /** Once it is used: until then it is left alone, for to open a pipe is to make it non-blocking for all that share it. */
  #stream: NodeJS.WriteStream | undefined
  #failure: NodeJS.ErrnoException | undefined
  #tellFailure: () => void = () => {}

  constructor(name: 'stdout' | 'stderr') {
    this.#name = name
    this.#fd = name === 'stdout' ? 1 : 2
  }

  /** Node's own, for who goes by the pace of its reader. */
  get stream(): NodeJS.WriteStream {
    if (this.#stream !== undefined) return this.#stream
    const stream = process[this.#name]
    stream.on('error', (error: NodeJS.ErrnoException) => this.#failed(error))
    this.#stream = stream
    return stream
  }

  write(text: string): void {
    if (isFile(this.#fd)) this.#writeFile(Buffer.from(text))
    else {
      this.stream.write(text, (error) => {
        if (error) this.#failed(error)
      })
    }
  }

  /** `tell` is called once, when something could not be written. */
  onFailure(tell: () => void): void {
    this.#tellFailure = tell
  }

  /** Settles when all is written that was said, or nothing more can be; with why it could not. */
  flushed(): Promise<NodeJS.ErrnoException | undefined> {
    return new Promise((resolve) => {
      if (this.#stream === undefined) resolve(this.#failure)
      else this.#stream.write('', () => resolve(this.#failure))
    })
  }

  /** A disk that is nearly full takes a part, which Node's own stream takes for all of it. */
  #writeFile(bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException)
    }
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#tellFailure()
  }
}

function isFile(fd: number): boolean {
  const kind = fstatSync(fd)
  return kind.isFile() || (kind.isCharacterDevice() && !isatty(fd))
}

export const STDOUT = new StandardStream('stdout')
export const STDERR = new StandardStream('stderr')

/** The reader has left, as `head` does: nobody is there to miss the rest. */
const LEFT: readonly (string | undefined)[] = ['EPIPE', 'ECONNRESET']

/** Resolves with the exit code, once everything has been said. What could not be written is no success. */
export async function settled(code: number): Promise<number> {
  await STDERR.flushed()
  const failure = await STDOUT.flushed()
  if (failure === undefined || LEFT.includes(failure.code)) return code
  STDERR.write(`outrigger: standard output cannot be written: ${failure.message}\n`)
  await STDERR.flushed()
  return code === 0 ? 1 : code
}
