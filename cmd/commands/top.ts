/** `outrigger top`: how a running sidecar is doing, in a terminal, from the same stream as the page. */
import type { Ended, Frame, Hello } from '../../src/admin/index.ts'
import { History, type ServiceHistory } from '../../src/admin/page/live/history.ts'
import { Kinds } from '../../src/admin/page/live/kinds.ts'
import { clock } from '../../src/admin/page/live/words.ts'
import { command, type Io, PROCESS_IO } from '../command-line/command.ts'
import { STDOUT } from '../command-line/standard.ts'
import { openEvents } from '../top/event-stream.ts'
import { lines } from '../top/frame.ts'
import { Paint } from '../top/text.ts'
import { TOP } from '../usage/live.ts'
import { type Address, adminAddress } from './admin-client.ts'

/** ms without a word after which the sidecar is taken for gone. */
const SILENCE = 5000
/** ms between attempts to find it again. */
const AGAIN = 1000
/** Columns where nobody says how many there are. */
const WIDTH = 120

/** A terminal, or a pipe; a test hands in another. */
export interface TopIo extends Io {
  readonly input: Pick<NodeJS.ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>
  readonly output: Pick<NodeJS.WriteStream, 'isTTY' | 'write' | 'on' | 'off'> & { columns?: number; rows?: number }
}

export const top = command(
  TOP,
  (given, { output }: TopIo) => ({ address: adminAddress(given), once: given.is('once') || !output.isTTY }),
  async ({ address, once }, io) => {
    const failure = await (once ? printOnce(address, io) : show(address, io))
    return failure === '' ? 0 : failure
  },
  { ...PROCESS_IO, input: process.stdin, output: STDOUT.stream },
)

/** What the stream has told so far. */
class Told {
  readonly #history = new History()
  readonly #kinds = new Kinds()
  #count = 0
  #startedAt = 0
  frame: Frame | undefined = undefined
  services: ServiceHistory[] = []
  /** Frames. */
  frames = 0

  take(name: string, data: string): void {
    if (name === 'frame') {
      this.frame = JSON.parse(data) as Frame
      this.services = this.#history.push(this.frame)
      this.frames++
    } else if (name === 'ended') this.#ended(JSON.parse(data) as Ended)
    else if (name === 'hello') this.#hello(JSON.parse(data) as Hello)
  }

  /** Another process began to count anew. */
  #hello({ startedAt }: Hello): void {
    if (startedAt !== this.#startedAt) {
      this.#history.forget()
      this.#kinds.clear()
      this.#count = 0
    }
    this.#startedAt = startedAt
  }

  /** Many lines, or as many as there are; none before the first frame. */
  lines(stale: string, paint: Paint, width: number, height: number): string[] {
    const { frame, services } = this
    return frame === undefined ? [] : lines({ frame, services, kinds: this.#kinds.list(), stale }, paint, width, height)
  }

  /** A stream that was opened again tells of all that are kept. */
  #ended({ count, records }: Ended): void {
    // Another process, too, of a version that does not say when it began.
    if (count < this.#count) {
      this.#kinds.clear()
      this.#count = 0
    }
    this.#kinds.take(records.slice(Math.max(0, this.#count - (count - records.length))))
    this.#count = count
  }
}

function paintFor({ output, environment }: TopIo): Paint {
  return new Paint(output.isTTY && (environment['NO_COLOR'] ?? '') === '')
}

/** Two frames, for rates need two; then one picture. */
function printOnce(address: Address, io: TopIo): Promise<string> {
  const told = new Told()
  return new Promise((resolve) => {
    const close = openEvents(address, '/events', SILENCE, {
      event: (name, data) => {
        told.take(name, data)
        if (told.frames < 2) return
        close()
        const width = io.output.isTTY ? (io.output.columns ?? WIDTH) : Number.POSITIVE_INFINITY
        io.output.write(`${told.lines('', paintFor(io), width, Number.POSITIVE_INFINITY).join('\n')}\n`)
        resolve('')
      },
      failed: resolve,
    })
  })
}

/** Until somebody ends it. Rejects nothing: a failure before the first frame is what it resolves with. */
function show(address: Address, io: TopIo): Promise<string> {
  const { input, output } = io
  const told = new Told()
  const paint = paintFor(io)
  const { promise, resolve } = Promise.withResolvers<string>()
  let stale = ''
  let last = 0
  let close = () => {}
  let again: NodeJS.Timeout | undefined
  const draw = () => {
    const drawn = told.lines(stale, paint, output.columns ?? WIDTH, (output.rows ?? 40) - 1)
    if (drawn.length > 0) output.write(`\u001b[H${drawn.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`)
  }
  const open = () => {
    close = openEvents(address, '/events', SILENCE, {
      event: (name, data) => {
        told.take(name, data)
        if (told.frame === undefined) return
        if (name === 'frame' && told.frames === 1) output.write('\u001b[?1049h\u001b[?25l')
        last = Date.now()
        stale = ''
        draw()
      },
      failed: (sentence) => {
        if (told.frame === undefined) return resolve(sentence)
        stale = `stale since ${clock(last, false)}: ${sentence}`
        draw()
        again = setTimeout(open, AGAIN)
      },
    })
  }
  const key = (pressed: Buffer) => {
    // Raw input: Ctrl-C and Ctrl-D come as what they are.
    if (['q', 'Q', '\u0003', '\u0004', '\u001b'].includes(pressed.toString())) resolve('')
  }
  const stop = () => resolve('')
  output.on('resize', draw)
  process.on('SIGTERM', stop)
  if (input.isTTY) {
    input.setRawMode(true)
    input.on('data', key)
    input.resume()
  } else process.on('SIGINT', stop)
  open()
  return promise.finally(() => {
    close()
    clearTimeout(again)
    output.off('resize', draw)
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
    if (input.isTTY) {
      input.off('data', key)
      input.setRawMode(false)
      input.pause()
    }
    if (told.frame !== undefined) output.write('\u001b[?25h\u001b[?1049l')
  })
}
