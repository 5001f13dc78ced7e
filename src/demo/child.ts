/** A child process that says when it is ready, ends with us, and can tell what it last said when it does not. */
import { type ChildProcess, spawn } from 'node:child_process'
import { until } from './time.ts'

/** How long a process may take to listen, in ms. A cold start on a busy machine, with room. */
const START_LIMIT = 20_000
const KEPT_LINES = 40

/** The line a process logs once everything is bound; the order and inventory services fill `listen`, a sidecar the rest. */
export interface Ready {
  readonly listen?: string
  readonly inbound?: readonly string[]
  readonly outbound?: string
  readonly admin?: string
}

export class Child {
  readonly name: string
  readonly #process: ChildProcess
  #lines: string[] = []
  #rest = ''
  #ready: Ready | undefined
  #ended = false

  /** `command` is what follows `node`: flags of node, a file, its arguments. */
  constructor(name: string, command: readonly string[]) {
    this.name = name
    this.#process = spawn(process.execPath, command, { stdio: ['pipe', 'ignore', 'pipe'] })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    // Writing nothing, we only ever hear of its end; without a listener that would be an exception.
    this.#process.stdin?.on('error', () => {})
    this.#process.on('error', (error) => this.#end(String(error)))
    this.#process.on('exit', (code, signal) => this.#end(`ended with ${signal ?? code}`))
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The last lines it wrote to stderr. */
  get lastWords(): string {
    return this.#lines.join('\n')
  }

  /** Resolves with the ready line. Fails with what the process said when it ended before, or did not get there in time. */
  async ready(): Promise<Ready> {
    await until(() => this.#ready !== undefined || this.#ended, START_LIMIT, 5)
    if (this.#ready !== undefined) return this.#ready
    throw new Error(`${this.name} did not get ready:\n${this.lastWords}`)
  }

  /** Closes its lifeline, and after 2 s kills it. */
  async stop(): Promise<void> {
    this.#process.stdin?.end()
    if (await until(() => this.#ended, 2000)) return
    this.#process.kill('SIGKILL')
    await until(() => this.#ended, 2000)
  }

  /** As a kernel does that is out of memory: without a word. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await until(() => this.#ended, 2000)
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = (lines.pop() ?? '').slice(-65_536)
    for (const line of lines) {
      if (this.#ready === undefined) this.#ready = readyLine(line)
      this.#keep(line)
    }
  }

  #keep(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines.shift()
  }

  #end(how: string): void {
    this.#keep(how)
    this.#ended = true
  }
}

function readyLine(line: string): Ready | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value = JSON.parse(line) as { msg?: unknown }
    return value.msg === 'ready' ? (value as Ready) : undefined
  } catch {
    return undefined
  }
}
