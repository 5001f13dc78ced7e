/**
 * `npm run bench -- --echo`: messages of 1 MiB to an echo server and back, through the bundle and through Envoy, in turns, each
 * round with processes of its own; as bodies of HTTP/2 (`h2load` and `nghttpd`; Debian: nghttp2-client, nghttp2-server), then as
 * messages of gRPC (grpc-go at both ends, the `loadgen` of the peers' benchmark). Envoy and `loadgen` where they are installed.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './lab.ts'
import { type Peer, prepare, programs, readPeer } from './peer-file.ts'
import { cpuSeconds } from './proc.ts'
import { listening, LOAD_CORE, PROXY_CORE, pinned, Started, which } from './started.ts'

const SIZE = 1024 * 1024

/** One way to send messages, and what sends them back. */
interface Echo {
  readonly label: string
  /** Programs that have to be installed. */
  readonly needs: readonly string[]
  server(port: number, scratch: string): readonly string[]
  /** Messages a second of one spell, and how many there were; throws when one did not come back. */
  spell(port: number, file: string): { rate: number; count: number }
}

/** Four connections with four streams each. nghttpd keeps each body in a file until it is whole. */
const BODIES: Echo = {
  label: 'h2load and nghttpd',
  needs: ['h2load', 'nghttpd'],
  server: (port, scratch) => ['nghttpd', '--no-tls', '--echo-upload', '-w24', '-W24', '-d', scratch, String(port)],
  spell(port, file) {
    const messages = 600
    const load = ['h2load', '-c4', '-m4', '-w24', '-W24', '-d', file, '-n', String(messages)]
    const out = loaded([...load, `http://127.0.0.1:${port}/echo`])
    const good = Number(/status codes: (\d+) 2xx/.exec(out)?.[1])
    if (good !== messages) throw new Error(`${messages - good} of ${messages} messages did not come back:\n${out}`)
    return { rate: Number(/([\d.]+) req\/s/.exec(out)?.[1]), count: messages }
  },
}

/** Sixteen connections with a call at a time each, as in `compare.sh`. */
const MESSAGES: Echo = {
  label: 'gRPC, grpc-go at both ends',
  needs: ['loadgen'],
  server: (port) => [programs()['loadgen'] ?? '', 'grpc-server', '-url', `127.0.0.1:${port}`],
  spell(port) {
    const load = [programs()['loadgen'] ?? '', 'grpc', '-url', `127.0.0.1:${port}`, '-c', '16', '-qps', '0', '-t', '3s']
    const out = loaded([...load, '-payload-size', String(SIZE)])
    const { bad, count, qps } = JSON.parse(out) as { bad: number; count: number; qps: number }
    if (bad !== 0) throw new Error(`${bad} of ${count + bad} messages did not come back:\n${out}`)
    return { rate: qps, count }
  },
}

/** The Go runtime is told of the one core that it gets. */
const ONE_CORE = { GOMAXPROCS: '1' }

interface Subject {
  readonly label: string
  /** Starts it anew, and returns where it listens. */
  start(): Promise<Running>
  readonly rates: number[]
  readonly costs: number[]
}

interface Running {
  readonly port: number
  /** `undefined`: it is no proxy. */
  readonly proxy: Started | undefined
}

function turned<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length
  return [...list.slice(from), ...list.slice(0, from)]
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** ", R ± E × Envoy's": the mean of the ratios of each round, for a machine's minutes differ more than programs do, and its standard error. */
function beside({ rates }: Subject, envoy: Subject | undefined): string {
  if (envoy === undefined) return ''
  const ratios = rates.map((rate, round) => rate / (envoy.rates[round] ?? Number.NaN))
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
  const squares = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0)
  const error = Math.sqrt(squares / (ratios.length - 1) / ratios.length)
  return `, ${mean.toFixed(3)} ± ${error.toFixed(3)} × Envoy's`
}

function loaded(command: readonly string[]): string {
  const [program = '', ...args] = pinned(command, LOAD_CORE)
  const env = { ...process.env, ...ONE_CORE }
  return execFileSync(program, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] })
}

export async function echo(bundle: string, scratch: string, rounds: number): Promise<string> {
  const tables: string[] = []
  for (const one of [BODIES, MESSAGES]) tables.push(await compared(one, bundle, scratch, rounds))
  return tables.join('\n\n')
}

async function compared(one: Echo, bundle: string, scratch: string, rounds: number): Promise<string> {
  const missing = one.needs.filter((program) => (programs()[program] ?? which(program)) === undefined)
  if (missing.length > 0) return `${one.label}: skipped, ${missing.join(' and ')} is not installed`
  const [upstream = 0] = await freePorts(1)
  const started: Started[] = []
  const run = async (peer: Peer): Promise<Running> => {
    const [port = 0, adminPort = 0] = await freePorts(2)
    const folder = join(scratch, `echo-${peer.id}`)
    const values = {
      run: folder,
      envoy: programs()['envoy'] ?? '',
      listen_h1: '127.0.0.1:1',
      listen_h2: `127.0.0.1:${port}`,
      listen_h2_port: port,
      upstream_h1: '127.0.0.1:1',
      upstream_h2: `127.0.0.1:${upstream}`,
      upstream_h2_port: upstream,
      collector: '127.0.0.1:1',
      collector_port: 1,
      p0: adminPort,
    }
    const { command, env } = prepare(peer, values)
    const proxy = new Started(peer.id, command, folder, PROXY_CORE, env)
    started.push(proxy)
    await listening(port)
    return { port, proxy }
  }
  try {
    mkdirSync(scratch, { recursive: true })
    const file = join(scratch, 'message')
    writeFileSync(file, Buffer.alloc(SIZE, 'message '))
    started.push(new Started('echo-server', one.server(upstream, scratch), scratch, LOAD_CORE, ONE_CORE))
    await listening(upstream)
    const straight = async (): Promise<Running> => ({ port: upstream, proxy: undefined })
    const subjects: Subject[] = [{ label: 'straight', start: straight, rates: [], costs: [] }]
    const add = (peer: Peer): void => {
      subjects.push({ label: peer.label, start: () => run(peer), rates: [], costs: [] })
    }
    add(readPeer('outrigger-h2', bundle))
    if (programs()['envoy'] !== undefined) add(readPeer('envoy-h2', ''))
    const envoy = subjects[2]
    for (let round = 0; round < rounds; round++) {
      // Processes of one program differ by some per cent: each round has new ones, and its own order.
      for (const { start, rates, costs } of turned(subjects, round)) {
        const { port, proxy } = await start()
        one.spell(port, file)
        const before = proxy === undefined ? 0 : cpuSeconds(proxy.pid)
        const { rate, count } = one.spell(port, file)
        rates.push(rate)
        if (proxy === undefined) continue
        costs.push(((cpuSeconds(proxy.pid) - before) / count) * 1000)
        await proxy.stop()
      }
    }
    const rows = subjects.map(
      (subject) =>
        `${subject.label.padEnd(22)}${median(subject.rates).toFixed(0).padStart(8)} MiB/s each way` +
        (subject.costs.length === 0 ? '' : `, ${median(subject.costs).toFixed(2)} ms CPU a message`) +
        (subject === envoy ? '' : beside(subject, envoy)),
    )
    return `1 MiB there and back, ${one.label}, medians of ${rounds} rounds, ratios by rounds\n${rows.join('\n')}`
  } finally {
    for (const each of started) await each.stop()
  }
}
