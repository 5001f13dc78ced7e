/** Where proxies are measured: one backend, free ports, a scratch folder; everything it starts it ends. */
import { rmSync, mkdtempSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Generator, LOAD } from './generator.ts'
import { ANSWER, MESSAGE } from './load.ts'
import { fill, NODE, type Peer, prepare, programs, template } from './peer-file.ts'
import { listening, LOAD_CORE, PROXY_CORE, Started } from './started.ts'

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = net.createServer()
      return new Promise<net.Server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
    }),
  )
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export interface Running {
  readonly proxy: Started
  readonly port: number
  readonly startMs: number
}

export class Lab {
  readonly scratch: string = mkdtempSync(join(tmpdir(), 'outrigger-bench-'))
  readonly programs: Record<string, string | undefined> = programs()
  readonly generator: Generator = new Generator(this.programs['wrk'], this.programs['h2load'], this.scratch)
  readonly #started = new Set<Started>()
  backend = 0
  backendPid = 0
  backendName = ''
  #backendHttp2 = 0
  #collector = 0
  #runs = 0

  async open(): Promise<void> {
    const [port = 0, http2 = 0, collector = 0] = await freePorts(3)
    const { nginx } = this.programs
    const run = join(this.scratch, 'backend')
    const command =
      nginx === undefined
        ? [NODE, LOAD, 'origin', String(port), String(http2), String(collector)]
        : [nginx, '-e', join(run, 'error.log'), '-c', join(run, 'backend.conf')]
    this.backendName = nginx === undefined ? 'our own origin (no nginx here)' : 'nginx'
    const bare = { label: '', http2: false, version: '', env: '', render: [] }
    const peer: Peer = { ...bare, id: 'backend', program: 'backend', start: command.join(' ') }
    const values = this.#values(run, port, http2, 0, collector)
    prepare(peer, values)
    if (nginx !== undefined) {
      writeFileSync(join(run, 'backend.conf'), fill(template('backend.conf'), { ...values, body: ANSWER }))
      writeFileSync(join(run, 'answer.json'), ANSWER)
      writeFileSync(join(run, 'answer.bin'), MESSAGE)
    }
    const started = this.#add(new Started('backend', command, run, LOAD_CORE))
    this.backend = port
    this.#backendHttp2 = http2
    this.backendPid = started.pid
    this.#collector = collector
    if ((await this.generator.first(port)) === 0) throw new Error(`the backend does not answer: ${started.lastWords}`)
  }

  #values(run: string, port: number, http2: number, admin: number, collector: number): Record<string, string | number> {
    const { envoy = '', haproxy = '', nginx = '' } = this.programs
    return {
      run,
      envoy,
      haproxy,
      nginx,
      listen_h1: `127.0.0.1:${port}`,
      listen_h1_port: port,
      upstream_h1: `127.0.0.1:${this.backend}`,
      upstream_h1_port: this.backend,
      listen_h2: `127.0.0.1:${http2}`,
      listen_h2_port: http2,
      upstream_h2: `127.0.0.1:${this.#backendHttp2}`,
      upstream_h2_port: this.#backendHttp2,
      collector: `127.0.0.1:${collector}`,
      collector_port: collector,
      p0: admin,
      user_line: process.getuid?.() === 0 ? 'user root;' : '',
    }
  }

  #add(started: Started): Started {
    this.#started.add(started)
    return started
  }

  /** Starts a proxy before the backend. `startMs`: until its first 200 over HTTP/1.1; one for HTTP/2 alone has none. */
  async start(peer: Peer, more: Readonly<Record<string, string>> = {}): Promise<Running> {
    const [http1 = 0, http2 = 0, admin = 0] = await freePorts(3)
    const run = join(this.scratch, `${peer.id}-${++this.#runs}`)
    const { command, env } = prepare(peer, this.#values(run, http1, http2, admin, this.#collector))
    const begin = (): Started => this.#add(new Started(peer.id, command, run, PROXY_CORE, { ...env, ...more }))
    if (peer.http2) {
      const proxy = begin()
      await listening(http2)
      return { proxy, port: http2, startMs: Number.NaN }
    }
    const waiting = this.generator.first(http1)
    // The prober has to be at it before the proxy starts.
    await sleep(400)
    const proxy = begin()
    const at = await waiting
    if (at === 0) throw new Error(`${peer.label} gives no 200: ${proxy.lastWords}`)
    return { proxy, port: http1, startMs: at - proxy.at }
  }

  async close(): Promise<void> {
    for (const started of this.#started) await started.stop()
    rmSync(this.scratch, { recursive: true, force: true })
  }
}
