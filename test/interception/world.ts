/**
 * Two network namespaces joined by a cable: `pod`, in which an application and its sidecar are, and `peer`, in which everybody
 * else is. They need root, and are gone at the end of the test.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command, Heard, ServerKind } from './commands.ts'

export const POD = { v4: '10.77.0.2', v6: 'fd77::2' } as const
export const PEER = { v4: '10.77.0.1', v6: 'fd77::1', other: '10.77.0.9' } as const

export const PROXY_UID = 19765
const APPLICATION_UID = 1000
const AGENT = [process.execPath, 'test/interception/agent.ts']

/** A reason to skip, or ''. */
export function cannotMakeNamespaces(): string {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const program of ['ip', 'iptables-nft-restore', 'ip6tables-nft-restore', 'setpriv']) {
    if (spawnSync(program, ['--version']).error !== undefined) return `${program} is not installed`
  }
  const name = `or-probe-${process.pid}`
  const made = spawnSync('ip', ['netns', 'add', name])
  if (made.status === 0) spawnSync('ip', ['netns', 'del', name])
  return made.status === 0 ? '' : `ip netns add: ${made.stderr.toString().trim()}`
}

let worlds = 0

export class World {
  readonly pod: string
  readonly peer: string
  readonly application: Agent
  readonly stranger: Agent
  readonly #children: ChildProcess[]

  private constructor(pod: string, peer: string) {
    this.pod = pod
    this.peer = peer
    this.#children = []
    this.application = new Agent(this.spawn(pod, APPLICATION_UID, AGENT))
    // Root, for it serves on ports below 1024.
    this.stranger = new Agent(this.spawn(peer, 0, AGENT))
  }

  static async make(): Promise<World> {
    const name = `or${process.pid}-${++worlds}`
    const [pod, peer] = [`${name}-pod`, `${name}-peer`]
    for (const namespace of [pod, peer]) {
      ip('netns', 'add', namespace)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
    }
    ip('link', 'add', 'eth0', 'netns', pod, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', peer)
    const addresses = [
      [pod, `${POD.v4}/24`],
      [pod, `${POD.v6}/64`],
      [peer, `${PEER.v4}/24`],
      [peer, `${PEER.other}/24`],
      [peer, `${PEER.v6}/64`],
    ] as const
    for (const [namespace, address] of addresses) {
      ip('-n', namespace, 'address', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []))
    }
    for (const namespace of [pod, peer]) ip('-n', namespace, 'link', 'set', 'eth0', 'up')
    // The kernel tells IPv6 up to a second later that the cable is in. Until then nobody answers who looks for a neighbour.
    for (const namespace of [pod, peer]) {
      while (!ip('-n', namespace, 'link', 'show', 'dev', 'eth0').includes('state UP')) await new Promise(setImmediate)
    }
    ip('-n', pod, 'route', 'add', 'default', 'via', PEER.v4)
    const world = new World(pod, peer)
    await Promise.all([world.application.ready, world.stranger.ready])
    return world
  }

  /** One more process in the pod, of this user. */
  async agentAs(uid: number): Promise<Agent> {
    const agent = new Agent(this.spawn(this.pod, uid, AGENT))
    await agent.ready
    return agent
  }

  /** `outrigger firewall …` in the pod. */
  firewall(...args: string[]): { status: number | null; stderr: string } {
    const command = ['netns', 'exec', this.pod, process.execPath, 'cmd/outrigger.ts', 'firewall', ...args]
    const { status, stderr } = spawnSync('ip', command, { encoding: 'utf8' })
    return { status, stderr }
  }

  /** The rules of one family, comments and counters left out. */
  rules(program: string): string {
    const { stdout } = spawnSync('ip', ['netns', 'exec', this.pod, program, '-t', 'nat'], { encoding: 'utf8' })
    return stdout
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n')
  }

  /** `outrigger run --transparent …` in the pod, as the user that the rules spare. */
  sidecar(...args: string[]): Promise<SidecarProcess> {
    return this.sidecarOf(['cmd/outrigger.ts'], ...args)
  }

  /** The same of another program than the sources'. */
  sidecarOf(program: readonly string[], ...args: string[]): Promise<SidecarProcess> {
    return this.#sidecar(PROXY_UID, program, args)
  }

  /** The same as another user. */
  sidecarAs(uid: number, ...args: string[]): Promise<SidecarProcess> {
    return this.#sidecar(uid, ['cmd/outrigger.ts'], args)
  }

  async #sidecar(uid: number, program: readonly string[], args: readonly string[]): Promise<SidecarProcess> {
    const child = this.spawn(this.pod, uid, [process.execPath, ...program, 'run', '--transparent', ...args])
    const sidecar = new SidecarProcess(child)
    await sidecar.ready
    return sidecar
  }

  /** Ends with the world. */
  spawn(namespace: string, uid: number, program: readonly string[]): ChildProcess {
    const user = ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--no-new-privs']
    const command = ['netns', 'exec', namespace, ...user, ...program]
    const child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#children.push(child)
    return child
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const namespace of [this.pod, this.peer]) spawnSync('ip', ['netns', 'del', namespace])
  }
}

class SidecarProcess {
  readonly ready: Promise<void>
  readonly #child: ChildProcess
  readonly #gone: Promise<unknown>
  /** Of its access log and its log. */
  readonly lines: string[]

  constructor(child: ChildProcess) {
    this.#child = child
    this.lines = []
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.ready = promise
    this.#gone = new Promise((gone) => child.once('exit', gone))
    child.once('exit', () => reject(new Error(`the sidecar ended: ${this.lines.join('\n')}`)))
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
        this.lines.push(line)
        if (line.includes('"msg":"ready"')) resolve()
      })
    }
  }

  /** Resident bytes. */
  rss(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+([0-9]+) kB/m.exec(status)?.[1]) * 1024
  }

  /** What it says at /metrics, asked for from within the pod. */
  async metrics({ application }: World): Promise<string> {
    const request = 'GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n'
    return (await application.ask('127.0.0.1', 19_002, request)).text
  }

  /** Once it has logged a line with this in it. */
  async said(text: string): Promise<void> {
    while (!this.lines.some((line) => line.includes(text))) await new Promise(setImmediate)
  }

  /** Once bytes pass on some outbound connection. */
  async opened(world: World): Promise<void> {
    const is = /opaque_connections_active\{direction="outbound"[^}]*\} [1-9]/
    while (!is.test(await this.metrics(world))) await new Promise(setImmediate)
  }

  /** SIGTERM; its exit code. */
  async stop(): Promise<number> {
    this.#child.kill('SIGTERM')
    await this.#gone
    return this.#child.exitCode ?? -1
  }

  /** Without a word. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }
}

/** A process in a namespace that serves and asks. */
class Agent {
  readonly ready: Promise<unknown>
  readonly #child: ChildProcess
  readonly #waiting: Map<number, (heard: Heard) => void>
  #asked: number

  constructor(child: ChildProcess) {
    this.#child = child
    this.#waiting = new Map()
    this.#asked = 0
    this.ready = new Promise((resolve) => this.#waiting.set(0, resolve))
    child.stderr?.on('data', (chunk) => process.stderr.write(chunk))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { id, ...heard } = JSON.parse(line) as Heard & { readonly id: number }
      this.#waiting.get(id)?.(heard)
      this.#waiting.delete(id)
    })
  }

  listen(port: number, kind: ServerKind, host = '::'): Promise<Heard> {
    return this.#tell({ do: 'listen', port, kind, host })
  }

  finish(): Promise<Heard> {
    return this.#tell({ do: 'finish' })
  }

  ask(
    host: string,
    port: number,
    send = '',
    {
      times = 1,
      until = '',
      again = 0,
      end = false,
      patience = 3000,
    }: { times?: number; until?: string; again?: number; end?: boolean; patience?: number } = {},
  ): Promise<Heard> {
    return this.#tell({ do: 'ask', host, port, send, times, until, again, end, patience })
  }

  /** What an application of kind `http` saw of a GET, or what came instead. */
  async get(host: string, port: number, name = host, path = '/'): Promise<Seen> {
    const authority = name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`
    const request = `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`
    const heard = await this.ask(host, port, request)
    const status = Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(heard.text)?.[1] ?? 0)
    const body = /\{.*\}/s.exec(heard.text)?.[0]
    return { ...heard, status, saw: status === 200 && body !== undefined ? JSON.parse(body) : undefined }
  }

  #tell(command: Command): Promise<Heard> {
    const id = ++this.#asked
    this.#child.stdin?.write(`${JSON.stringify({ id, ...command })}\n`)
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }
}

export interface Seen extends Heard {
  /** 0: no answer. */
  readonly status: number
  readonly saw:
    | {
        readonly url: string
        readonly headers: Readonly<Record<string, string>>
        readonly localAddress: string
        readonly localPort: number
        readonly remoteAddress: string
      }
    | undefined
}

/** What it says. */
function ip(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
  return stdout
}
