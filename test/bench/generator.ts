/** Who makes the load: wrk and h2load at saturation where they are installed, our own generator else and for a fixed rate. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CALL_PATH, GET_PATH, MESSAGE, POST_BYTES, POST_PATH } from './load.ts'
import { NODE } from './peer-file.ts'
import { LOAD_CORE, pinned } from './started.ts'

const run = promisify(execFile)
export const LOAD = fileURLToPath(new URL('load.ts', import.meta.url))

export interface Saturated {
  readonly count: number
  readonly bad: number
  readonly rps: number
}

export interface Paced {
  readonly count: number
  readonly bad: number
  /** µs. */
  readonly p50: number
  readonly p99: number
}

async function own<T>(...args: (string | number)[]): Promise<T> {
  const [file, ...rest] = pinned([NODE, LOAD, ...args.map(String)], LOAD_CORE)
  const { stdout } = await run(file as string, rest, { maxBuffer: 1 << 20 })
  return JSON.parse(stdout) as T
}

export class Generator {
  readonly #wrk: string | undefined
  readonly #h2load: string | undefined
  readonly #lua: string
  readonly #message: string

  constructor(wrk: string | undefined, h2load: string | undefined, scratch: string) {
    this.#wrk = wrk
    this.#h2load = h2load
    this.#lua = join(scratch, 'post.lua')
    this.#message = join(scratch, 'message.bin')
    writeFileSync(this.#message, MESSAGE)
    writeFileSync(
      this.#lua,
      `wrk.method = "POST"\nwrk.body = string.rep("x", ${POST_BYTES})\nwrk.headers["content-type"] = "application/json"\n`,
    )
  }

  get name(): string {
    const http1 = this.#wrk === undefined ? 'our own generator (no wrk here)' : 'wrk'
    const http2 = this.#h2load === undefined ? 'our own generator (no h2load here)' : 'h2load'
    return `${http1}; over HTTP/2 ${http2}`
  }

  /** As fast as 64 connections go. */
  async saturate(port: number, seconds: number, post: boolean): Promise<Saturated> {
    if (this.#wrk === undefined) return own<Saturated>('closed', port, 64, seconds, post ? 1 : 0)
    const script = post ? ['-s', this.#lua] : []
    const url = `http://127.0.0.1:${port}${post ? POST_PATH : GET_PATH}`
    const [file, ...args] = pinned([this.#wrk, '-t1', '-c64', `-d${seconds}s`, ...script, url], LOAD_CORE)
    const { stdout } = await run(file as string, args)
    const found = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0)
    const broken = [...stdout.matchAll(/(?:connect|read|write|timeout) (\d+)/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    )
    return {
      count: found(/(\d+) requests in/),
      rps: found(/Requests\/sec:\s+([\d.]+)/),
      bad: found(/Non-2xx or 3xx responses: (\d+)/) + broken,
    }
  }

  /** As fast as 8 connections of 16 streams go: GETs, or calls of gRPC. */
  async http2(port: number, seconds: number, calls: boolean): Promise<Saturated> {
    if (this.#h2load === undefined) return own<Saturated>('http2', port, 8, 16, seconds, calls ? 1 : 0)
    const url = `http://127.0.0.1:${port}${calls ? CALL_PATH : GET_PATH}`
    const fields = ['te: trailers', 'content-type: application/grpc'].flatMap((field) => ['-H', field])
    const call = calls ? ['-d', this.#message, ...fields] : []
    const [file, ...args] = pinned([this.#h2load, '-c8', '-m16', `-D${seconds}`, ...call, url], LOAD_CORE)
    const { stdout } = await run(file as string, args)
    const [, good = 0, redirected = 0, wrong = 0, failed = 0] = (
      /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(stdout) ?? []
    ).map(Number)
    const bad = redirected + wrong + failed
    return { count: good + bad, bad, rps: Number(/([\d.]+) req\/s/.exec(stdout)?.[1]) }
  }

  paced(port: number, seconds: number, rate: number): Promise<Paced> {
    return own<Paced>('paced', port, 16, seconds, rate)
  }

  /** Wall time of the first 200, `Date.now()`; 0: none came in 20 s. */
  async first(port: number): Promise<number> {
    return (await own<{ at: number }>('first', port, 20_000)).at
  }

  /** Opens idle connections; `close` ends them. */
  async idle(port: number, connections: number): Promise<{ good: number; close(): Promise<void> }> {
    const [file, ...args] = pinned([NODE, LOAD, 'idle', String(port), String(connections)], LOAD_CORE)
    const child: ChildProcess = spawn(file as string, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const exit = new Promise<void>((resolve) => child.on('exit', () => resolve()))
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const line = await new Promise<string>((resolve) => {
      lines.once('line', resolve)
      child.once('exit', () => resolve('{"good":0}'))
    })
    const close = async (): Promise<void> => {
      child.stdin?.end()
      await exit
    }
    return { good: (JSON.parse(line) as { good: number }).good, close }
  }
}
