/**
 * `npm run soak:cardinality [-- --count 100000 --bundle FILE]`: the bundle as a process, and so many hosts, paths, methods,
 * keys and gRPC methods that nobody has used before, each once, in ten rounds. After the first two rounds the number of
 * series may not grow, nor may memory. Exit 0: every bound met, 1: one was missed, 2: not here.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from '../../src/demo/table.ts'
import { buildTree } from '../bench/bundle.ts'
import { freePorts } from '../bench/lab.ts'
import { fill, NODE } from '../bench/peer-file.ts'
import { memory } from '../bench/proc.ts'
import { median } from '../bench/side-by-side.ts'
import { PROXY_CORE, Started } from '../bench/started.ts'
import { atMost, type Bound, exactly } from '../scenarios/bounds.ts'
import { sum } from './gauges.ts'
import { answering, Pipeline } from './pipeline.ts'

const { values: flags } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, bundle: { type: 'string', default: '' } },
})
const COUNT = Number(flags.count)
const ROUNDS = 10
/** Rounds in which what is bounded fills up: tables of keys, names of gRPC methods, the heap itself. */
const FILLING = 2
/** Connections to each listener, and requests in one write. */
const CONNECTIONS = 8
const BATCH = 32
/** MiB by which the median of the last rounds may be above that of the first that count. */
const GROWTH = 8
const MOST_KEYS = 10_000

/** Both versions of HTTP; every gRPC call is answered as if its method were there. */
async function startApplications(): Promise<{ plain: number; grpc: number; close(): void }> {
  const plain = answering()
  const sockets = new Set<Socket>()
  plain.on('connection', (socket) => sockets.add(socket))
  const grpc = http2.createServer()
  const sessions = new Set<http2.ServerHttp2Session>()
  grpc.on('session', (session) => sessions.add(session))
  grpc.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => {})
    stream.resume()
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true })
  })
  return {
    plain: await listening(plain),
    grpc: await listening(grpc),
    close: () => {
      for (const session of sessions) session.destroy()
      grpc.close()
      for (const socket of sockets) socket.destroy()
      plain.close()
    },
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

type Statuses = Map<number, number>
/** Carries out the requests from `from` up to `to`. */
type Ask = (from: number, to: number, statuses: Statuses) => Promise<void>

function count(statuses: Statuses, status: number): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
}

/** `of` gives the request line without its version, and the fields. */
function asking(pipelines: readonly Pipeline[], of: (i: number) => readonly string[]): Ask {
  return async (from, to, statuses) => {
    let next = from
    const work = async (pipeline: Pipeline): Promise<void> => {
      while (next < to) {
        const first = next
        next = Math.min(to, next + BATCH)
        const texts = Array.from({ length: next - first }, (_, k) => {
          const [line, ...fields] = of(first + k)
          return `${line} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`
        })
        await pipeline.send(texts, statuses)
      }
    }
    await Promise.all(pipelines.map(work))
  }
}

function calling(session: http2.ClientHttp2Session): Ask {
  const call = (i: number): Promise<number> => {
    const fields = { ':method': 'POST', ':path': `/p${i}.S${i}/M${i}`, ':authority': `g${i}`, te: 'trailers' }
    const stream = session.request({ ...fields, 'content-type': 'application/grpc' })
    stream.resume()
    stream.end()
    return new Promise((resolve, reject) => {
      stream.on('response', (head) => resolve(head[':status'] ?? 0))
      stream.on('error', reject)
    })
  }
  return async (from, to, statuses) => {
    let next = from
    const work = async (): Promise<void> => {
      while (next < to) count(statuses, await call(next++))
    }
    await Promise.all(Array.from({ length: BATCH }, work))
  }
}

interface Reading {
  readonly series: number
  readonly heap: number
  readonly rss: number
  readonly keys: number
  readonly overflowed: number
  readonly dropped: number
  readonly defects: number
}

async function read(admin: number, pid: number): Promise<Reading> {
  const answer = await fetch(`http://127.0.0.1:${admin}/metrics`, { headers: { connection: 'close' } })
  const metrics = await answer.text()
  return {
    // Kinds of collections and handles of Node's own come with time, and are a closed list.
    series: metrics.split('\n').filter((line) => line !== '' && !/^(#|nodejs_)/.test(line)).length,
    heap: sum(metrics, 'nodejs_heap_size_used_bytes') / 2 ** 20,
    rss: memory(pid).rss,
    keys: sum(metrics, 'outrigger_rate_limit_keys'),
    overflowed: sum(metrics, 'outrigger_rate_limit_overflow_total'),
    dropped: sum(metrics, 'outrigger_series_dropped_total'),
    defects: sum(metrics, 'outrigger_defects_total'),
  }
}

async function ready(admin: number, sidecar: Started): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const up = await fetch(`http://127.0.0.1:${admin}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (up) return
    if (sidecar.ended) break
    await sleep(100)
  }
  throw new Error(`the sidecar is not ready: ${sidecar.lastWords}`)
}

async function soak(scratch: string): Promise<boolean> {
  const bundle = flags.bundle === '' ? buildTree(join(scratch, 'outrigger.cjs')) : flags.bundle
  const [inbound = 0, inboundH2 = 0, outbound = 0, admin = 0] = await freePorts(4)
  const apps = await startApplications()
  const config = join(scratch, 'policies.yaml')
  const template = readFileSync(fileURLToPath(new URL('cardinality.yaml.in', import.meta.url)), 'utf8')
  const ports = { inbound, inbound_h2: inboundH2, app: apps.plain, app_h2: apps.grpc }
  writeFileSync(config, fill(template, ports))
  const listeners = ['--outbound', `127.0.0.1:${outbound}`, '--admin', `127.0.0.1:${admin}`]
  const command = [NODE, bundle, 'run', '--config', config, ...listeners]
  const sidecar = new Started('sidecar', command, scratch, PROXY_CORE, { NODE_ENV: 'production' })
  const open: Pipeline[] = []
  const pipelines = (port: number): Pipeline[] => {
    const made = Array.from({ length: CONNECTIONS }, () => new Pipeline(port))
    open.push(...made)
    return made
  }
  let session: http2.ClientHttp2Session | undefined
  try {
    await ready(admin, sidecar)
    session = http2.connect(`http://127.0.0.1:${inboundH2}`)
    session.on('error', () => {})
    const into = pipelines(inbound)
    const out = pipelines(outbound)
    const kinds: Record<string, Ask> = {
      'unknown hosts': asking(out, (i) => [`GET /${i}`, `Host: host-${i}.test`]),
      'keys outbound': asking(out, (i) => [`GET /${i}?q=${i}`, 'Host: backend', `X-Key: k${i}`]),
      'methods, paths, keys': asking(into, (i) => [`M${i} /free/${i}/x`, `Host: h${i}`, `X-Key: free-${i}`]),
      'keys that stay': asking(into, (i) => [`GET /held/${i}`, 'Host: h', `X-Key: held-${i}`]),
      'refused paths': asking(into, (i) => [`GET /other/${i}`, `Host: h${i}`]),
      'gRPC methods': calling(session),
    }
    const statuses = new Map(Object.keys(kinds).map((kind): [string, Statuses] => [kind, new Map()]))
    const readings: Reading[] = []
    const each = Math.ceil(COUNT / ROUNDS)
    for (let round = 0; round < ROUNDS; round++) {
      for (const [kind, ask] of Object.entries(kinds)) {
        await ask(round * each, (round + 1) * each, statuses.get(kind) as Statuses)
      }
      readings.push(await read(admin, sidecar.pid))
    }
    for (const [kind, counts] of statuses) {
      console.log(`${kind.padEnd(21)} ${[...counts].map(([status, count]) => `${count} × ${status}`).join(' + ')}`)
    }
    return tell(readings, each)
  } finally {
    session?.destroy()
    for (const pipeline of open) pipeline.destroy()
    await sidecar.stop()
    apps.close()
  }
}

function tell(readings: readonly Reading[], each: number): boolean {
  const rows = readings.map(({ series, heap, rss, keys, overflowed, dropped }, i) =>
    [(i + 1) * each, series, heap.toFixed(1), rss.toFixed(1), keys, overflowed, dropped].map(String),
  )
  const heading = ['of each', 'series', 'heap MiB', 'RSS MiB', 'keys', 'shared a bucket', 'series dropped']
  console.log(`\n${table(heading, rows)}`)
  const counted = readings.slice(FILLING)
  const half = counted.length >> 1
  const grown = (of: (reading: Reading) => number): number =>
    median(counted.slice(half).map(of)) - median(counted.slice(0, half).map(of))
  const last = readings.at(-1) as Reading
  const bounds: Bound[] = [
    exactly('series after the last round over those after the second', last.series - (counted[0] as Reading).series, 0),
    atMost(
      'RSS, last rounds over earlier ones, MiB',
      grown(({ rss }) => rss),
      GROWTH,
    ),
    atMost('keys of the three limits', Math.max(...readings.map(({ keys }) => keys)), 3 * MOST_KEYS),
    exactly('defects', last.defects, 0),
  ]
  const lines = bounds.map(({ what, limit, measured, met }) => [what, limit, measured, met ? 'met' : 'MISSED'])
  console.log(`\n${table(['bound', 'limit', 'measured', ''], lines)}`)
  return bounds.every(({ met }) => met)
}

async function main(): Promise<number> {
  if (!existsSync('/proc/self/stat')) {
    console.log('memory is read from /proc, which is not here')
    return 2
  }
  const scratch = mkdtempSync(join(tmpdir(), 'outrigger-soak-'))
  try {
    return (await soak(scratch)) ? 0 : 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

process.exit(await main())
