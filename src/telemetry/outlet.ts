/** Where lines leave the process, without ever blocking it. */
// cold file: once per batch of lines
import { closeSync, constants, fstatSync, openSync, statSync, write, writeSync } from 'node:fs'
import { Socket } from 'node:net'

/** `written` counts bytes; what is left is to be written again. */
export type Written = (error: NodeJS.ErrnoException | null, written: number) => void

/** Takes one write at a time. */
export interface Outlet {
  write(chunk: Buffer, done: Written): void
  close(): void
}

/**
 * The outlet that suits what `fd` is. A blocking write to a pipe that nobody reads would hold a thread of the pool for
 * good and hang the exit of the process, hence pipes go through the event loop. `rare`: files and terminals are written
 * at once, so that a last word before `process.exit` is not lost.
 */
export function outletFor(fd: number, rare: boolean): Outlet {
  const kind = fstatSync(fd)
  if (kind.isFIFO()) return new PipeOutlet(ownDescription(fd))
  if (kind.isSocket()) return new PipeOutlet(fd)
  return rare ? new SyncOutlet(fd) : new FileOutlet(fd)
}

/**
 * The outlet of a path, which is appended to. A named pipe is opened for reading, too: then it opens without a reader, where
 * opening it to write would stand still, and readers may come and go. Throws when it cannot be opened.
 */
export function outletAt(path: string): Outlet {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() !== true) return outletFor(openSync(path, 'a'), false)
  return new PipeOutlet(openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
}

/**
 * The same pipe opened anew: O_NONBLOCK belongs to the open description, which other processes share with us. Where it
 * may not be opened (another user's pipe in a container) the shared one must do.
 */
function ownDescription(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return fd
  }
}

/** Pipes and sockets, by the event loop. It does not keep the process alive. */
class PipeOutlet implements Outlet {
  readonly #socket: Socket
  #done: Written | undefined
  #size: number
  #broken: NodeJS.ErrnoException | undefined

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true })
    this.#done = undefined
    this.#size = 0
    this.#broken = undefined
    this.#socket.unref()
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#settle(error))
    this.#socket.on('close', () => this.#settle(Object.assign(new Error('closed'), { code: 'EPIPE' })))
  }

  write(chunk: Buffer, done: Written): void {
    if (this.#broken !== undefined) {
      done(this.#broken, 0)
      return
    }
    this.#done = done
    this.#size = chunk.length
    this.#socket.write(chunk, (error) => this.#settle(error ?? null))
  }

  close(): void {
    this.#socket.destroy()
  }

  #settle(error: NodeJS.ErrnoException | null): void {
    if (error !== null && this.#broken === undefined) this.#broken = error
    const done = this.#done
    this.#done = undefined
    done?.(error, error === null ? this.#size : 0)
  }
}

/** Files and terminals, by the thread pool. */
class FileOutlet implements Outlet {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  write(chunk: Buffer, done: Written): void {
    write(this.#fd, chunk, 0, chunk.length, null, done)
  }

  close(): void {
    closeOwn(this.#fd)
  }
}

class SyncOutlet implements Outlet {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  write(chunk: Buffer, done: Written): void {
    let written = 0
    try {
      written = writeSync(this.#fd, chunk)
    } catch (error) {
      done(error as NodeJS.ErrnoException, 0)
      return
    }
    done(null, written)
  }

  close(): void {
    closeOwn(this.#fd)
  }
}

/** stdout and stderr are the process's, not ours. */
function closeOwn(fd: number): void {
  if (fd <= 2) return
  try {
    closeSync(fd)
  } catch {}
}
