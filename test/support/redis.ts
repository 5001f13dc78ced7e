/** A Redis of the test's own, from Debian's `redis-server`: a free port of 127.0.0.1, a folder of its own, nothing on disk kept. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** Why tests with Redis are skipped; false: they are not. */
export const noRedis: string | false = spawnSync('redis-server', ['--version']).error
  ? 'needs redis-server: apt-get install redis-server'
  : false

export interface Redis {
  readonly port: number
  readonly pid: number
  /** Sends one command and gives the answer's text as it came. */
  tell(...words: readonly string[]): Promise<string>
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>
  /** Starts it anew on the same port, empty. */
  restart(): Promise<void>
}

export interface RedisOptions {
  /** More of its command line. */
  readonly more?: readonly string[]
  readonly password?: string
}

export async function startRedis(
  t: { teardown(fn: () => unknown): unknown },
  options: RedisOptions = {},
): Promise<Redis> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-redis-'))
  const started = new Started(port, folder, options)
  t.teardown(async () => {
    await started.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await started.restart()
  return started
}

class Started implements Redis {
  readonly port: number
  readonly #folder: string
  readonly #options: RedisOptions
  #process: ChildProcess | undefined

  constructor(port: number, folder: string, options: RedisOptions) {
    this.port = port
    this.#folder = folder
    this.#options = options
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  async restart(): Promise<void> {
    const { more = [], password } = this.#options
    const secret = password === undefined ? [] : ['--requirepass', password]
    const own = [
      '--bind',
      '127.0.0.1',
      '--port',
      `${this.port}`,
      '--dir',
      this.#folder,
      '--save',
      '',
      '--appendonly',
      'no',
    ]
    const process = spawn('redis-server', [...own, ...secret, ...more], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = process
    await new Promise<void>((resolve, reject) => {
      let said = ''
      process.stdout?.on('data', (chunk: Buffer) => {
        said += chunk
        if (said.includes('eady to accept connections')) resolve()
      })
      process.once('exit', () => reject(new Error(`redis-server ended: ${said.slice(-500)}`)))
    })
  }

  async kill(): Promise<void> {
    const process = this.#process
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return
    const gone = new Promise((resolve) => process.once('exit', resolve))
    process.kill('SIGKILL')
    await gone
  }

  tell(...words: readonly string[]): Promise<string> {
    const { password } = this.#options
    const all = password === undefined ? [words] : [['AUTH', password], words]
    const text = all.map((one) => `*${one.length}\r\n${one.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`)
    return new Promise((resolve, reject) => {
      const socket = net.connect(this.port, '127.0.0.1')
      let got = ''
      socket.on('error', reject)
      // It answers in order, and QUIT comes last.
      socket.on('data', (chunk) => {
        got += chunk
      })
      socket.on('close', () => resolve(got))
      socket.end(`${text.join('')}*1\r\n$4\r\nQUIT\r\n`)
    })
  }
}
