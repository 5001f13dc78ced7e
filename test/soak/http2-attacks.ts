/**
 * `npm run soak:attacks [-- --seconds 3 --bundle FILE]`: what a neighbour notices while somebody floods the same sidecar in
 * HTTP/2, one flood after the other, each begun anew as soon as its connection was ended. The sidecar has a core to itself;
 * the attacker, a process of its own with the lowest priority, shares the other one with the neighbour. Waits are counted
 * from the moment a request was due. Exit 0: every answer came, and p99 grew by no more than 20 ms; 1: not so; 2: not here.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from '../../src/demo/table.ts'
import { buildTree } from '../bench/bundle.ts'
import { freePorts } from '../bench/lab.ts'
import { NODE } from '../bench/peer-file.ts'
import { LOAD_CORE, PINNED, PROXY_CORE, pinned, Started } from '../bench/started.ts'
import { floods, provocations, provoking } from '../http2/attacks/floods.ts'
import { http2Client, type Http2Peer } from '../support/http2-raw.ts'

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    bundle: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    attack: { type: 'string', default: '' },
    silent: { type: 'boolean', default: false },
    port: { type: 'string', default: '' },
  },
})
/** ms between two requests of the neighbour. */
const PACE = 5
/** ms that an attack may add to the neighbour's p99. */
const MOST = 20

const attacks = new Map<string, (client: Http2Peer) => Promise<void>>([
  ...floods.map(([what, , flood]) => [what, flood] as const),
  ...provocations.map(
    ([what, provoke]) => [`made you reset: ${what}`, (client: Http2Peer) => provoking(client, provoke)] as const,
  ),
])

// ---------------------------------------------------------------- the attacker's process

/** Until it is ended; each connection's end is told on stdout. */
async function attack(what: string, port: number): Promise<never> {
  setPriority(constants.priority.PRIORITY_LOW)
  const flood = attacks.get(what) as (client: Http2Peer) => Promise<void>
  for (;;) {
    const client = await http2Client({ teardown() {} } as never, port)
    await flood(client)
    for (let i = 0; i < 1000 && !client.ended; i++) await sleep(1)
    client.destroy()
    process.stdout.write('.')
  }
}

// ---------------------------------------------------------------- the upstream that floods ask for

/** Never answers. A process of its own, for what a flood asks of it is work. */
async function beSilent(): Promise<never> {
  setPriority(constants.priority.PRIORITY_LOW)
  const server = http2.createServer(() => {})
  server.on('sessionError', () => {})
  await new Promise<void>((resolve) => server.listen(Number(flags.port), '127.0.0.1', resolve))
  return new Promise(() => {})
}

// ---------------------------------------------------------------- the neighbour

class Neighbour {
  readonly #session: http2.ClientHttp2Session

  constructor(port: number) {
    this.#session = http2.connect(`http://127.0.0.1:${port}`)
    this.#session.on('error', () => {})
  }

  /** Waits of all requests that were due within `ms`, sorted; Infinity for one that got no 200. */
  async ask(ms: number): Promise<number[]> {
    const waits: Promise<number>[] = []
    const began = performance.now()
    for (let n = 0; n * PACE < ms; n++) {
      const due = began + n * PACE
      const ahead = due - performance.now()
      if (ahead > 0) await sleep(ahead)
      waits.push(this.#one(due))
    }
    return (await Promise.all(waits)).sort((a, b) => a - b)
  }

  #one(due: number): Promise<number> {
    const stream = this.#session.request({ ':path': '/', ':authority': 'origin' })
    let status = 0
    stream.on('response', (head) => (status = Number(head[':status'])))
    stream.on('error', () => {})
    stream.resume()
    return new Promise((resolve) =>
      stream.on('close', () => resolve(status === 200 ? performance.now() - due : Number.POSITIVE_INFINITY)),
    )
  }

  close(): void {
    this.#session.destroy()
  }
}

function at(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}

async function under(what: string, port: number, neighbour: Neighbour, ms: number) {
  const program = fileURLToPath(import.meta.url)
  const [file = '', ...args] = pinned([NODE, program, '--attack', what, '--port', String(port)], LOAD_CORE)
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let connections = 0
  child.stdout.on('data', (dots: Buffer) => (connections += dots.length))
  // It has read its sources and is at it.
  for (let i = 0; i < 500 && connections === 0; i++) await sleep(10)
  const before = connections
  const waits = await neighbour.ask(ms)
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  return { waits, connections: connections - before }
}

async function main(): Promise<number> {
  if (!PINNED) {
    console.error('needs two cores and taskset')
    return 2
  }
  // This process is the neighbour and its upstream: off the sidecar's core.
  execFileSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' })
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-attacks-'))
  const origin = http2.createServer((_request, response) => response.end('here'))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const bundle = flags.bundle === '' ? buildTree(join(folder, 'outrigger.cjs')) : flags.bundle
  if (!existsSync(bundle)) throw new Error(`there is no ${bundle}`)
  const [port = 0, admin = 0, silentPort = 0] = await freePorts(3)
  const service = (name: string, to: number): string =>
    `---\nkind: Service\nname: ${name}\nendpoints: ["127.0.0.1:${to}"]\n`
  const policy = join(folder, 'policy.yaml')
  writeFileSync(
    policy,
    `kind: Sidecar\nname: attacked\naccessLog: {format: none}\n${service('origin', (origin.address() as AddressInfo).port)}${service('silent', silentPort)}`,
  )
  const listen = ['--outbound', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${admin}`]
  const victim = new Started('victim', [NODE, bundle, 'run', '--config', policy, ...listen], folder, PROXY_CORE)
  const silence = [NODE, fileURLToPath(import.meta.url), '--silent', '--port', String(silentPort)]
  const silent = new Started('silent', silence, folder, LOAD_CORE)
  const ms = Number(flags.seconds) * 1000
  let bad = 0
  try {
    await sleep(1500)
    const neighbour = new Neighbour(port)
    await neighbour.ask(3000)
    const rows: string[][] = []
    for (const what of attacks.keys()) {
      if (!what.includes(flags.only)) continue
      const quiet = await neighbour.ask(ms)
      const { waits, connections } = await under(what, port, neighbour, ms)
      const held = at(waits, 1) < Number.POSITIVE_INFINITY && at(waits, 0.99) <= at(quiet, 0.99) + MOST
      if (!held) bad++
      const figures = [at(quiet, 0.5), at(quiet, 0.99), at(waits, 0.5), at(waits, 0.99), at(waits, 1)]
      rows.push([what, ...figures.map((one) => one.toFixed(1)), String(connections), held ? 'ok' : 'missed'])
    }
    neighbour.close()
    console.log(
      table(['flood', 'p50 quiet, ms', 'p99', 'p50 flooded', 'p99', 'longest', 'connections ended', ''], rows),
    )
    console.log(`${rows.length - bad} of ${rows.length} within ${MOST} ms of the quiet p99, every request answered`)
  } finally {
    await victim.stop()
    await silent.stop()
    origin.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return bad === 0 ? 0 : 1
}

if (flags.attack !== '') await attack(flags.attack, Number(flags.port))
else if (flags.silent) await beSilent()
else process.exit(await main())
