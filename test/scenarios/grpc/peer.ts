/** A client or a server of the story: a process that says JSON lines, takes some, and ends with us. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { until } from '../../../src/demo/time.ts'

/** How long one may take to start, ms. */
const START_LIMIT = 20_000

export class Peer {
  readonly name: string
  readonly #process: ChildProcess
  readonly #heard: (line: unknown) => void
  #words = ''
  #ended = false
  /** Where a server listens; '' before it does, and of a client. */
  listen = ''
  #ready = false

  /** `heard` is given every line but the first. */
  constructor(name: string, command: readonly string[], heard: (line: unknown) => void) {
    const [file = '', ...args] = command
    this.name = name
    this.#heard = heard
    this.#process = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.on('error', (error) => this.#end(String(error)))
    // Not `exit`: what it said last may still be in the pipe.
    this.#process.on('close', (code, signal) => this.#end(`ended with ${signal ?? code}`))
    this.#process.stdin?.on('error', () => {})
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-4096)
    })
    if (this.#process.stdout !== null) {
      createInterface({ input: this.#process.stdout }).on('line', (line) => this.#hear(line))
    }
  }

  /** Its last words once it has ended; '' while it lives. */
  get fallen(): string {
    return this.#ended ? `${this.name}: ${this.#words}` : ''
  }

  async ready(): Promise<void> {
    await until(() => this.#ready || this.#ended, START_LIMIT, 5)
    if (!this.#ready) throw new Error(`${this.name} did not get ready: ${this.#words}`)
  }

  say(line: object): void {
    this.#process.stdin?.write(`${JSON.stringify(line)}\n`)
  }

  async stop(): Promise<void> {
    this.#process.stdin?.end()
    if (await until(() => this.#ended, 2000)) return
    this.#process.kill('SIGKILL')
    await until(() => this.#ended, 2000)
  }

  #hear(text: string): void {
    const line = JSON.parse(text) as { event?: string; listen?: string }
    if (line.event === 'ready') {
      this.#ready = true
      this.listen = line.listen ?? ''
    } else {
      this.#heard(line)
    }
  }

  #end(how: string): void {
    this.#words += how
    this.#ended = true
  }
}
