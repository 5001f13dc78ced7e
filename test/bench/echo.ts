/**
 * `npm run bench -- --echo`: messages of 1 MiB to an HTTP/2 echo server and back, through the bundle and through Envoy, in
 * turns. Needs `h2load` and `nghttpd` (Debian: nghttp2-client, nghttp2-server); Envoy where it is installed.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './lab.ts'
import { type Peer, prepare, programs, readPeer } from './peer-file.ts'
import { cpuSeconds } from './proc.ts'
import { listening, LOAD_CORE, PROXY_CORE, pinned, Started, which } from './started.ts'

const SIZE = 1024 * 1024
/** Messages of one spell, on so many connections with so many streams each. */
const MESSAGES = 600
const CONNECTIONS = 4
const STREAMS = 4

interface Subject {
  readonly label: string
  readonly port: number
  readonly pid: number
  readonly rates: number[]
  readonly costs: number[]
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** Returns messages a second; throws when one did not come back. */
function spell(port: number, file: string): number {
  const load = ['h2load', `-c${CONNECTIONS}`, `-m${STREAMS}`, '-w24', '-W24', '-d', file, '-n', String(MESSAGES)]
  const [program = '', ...args] = pinned([...load, `http://127.0.0.1:${port}/echo`], LOAD_CORE)
  const out = execFileSync(program, args, { encoding: 'utf8' })
  const good = Number(/status codes: (\d+) 2xx/.exec(out)?.[1])
  if (good !== MESSAGES) throw new Error(`${MESSAGES - good} of ${MESSAGES} messages did not come back:\n${out}`)
  return Number(/([\d.]+) req\/s/.exec(out)?.[1])
}

export async function echo(bundle: string, scratch: string, rounds: number): Promise<string> {
  const missing = ['h2load', 'nghttpd'].filter((program) => which(program) === undefined)
  if (missing.length > 0) return `skipped: ${missing.join(' and ')} is not installed`
  const [upstream = 0, ours = 0, theirs = 0, admin = 0, otherAdmin = 0] = await freePorts(5)
  const started: Started[] = []
  const run = (peer: Peer, port: number, adminPort: number): Started => {
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
    const one = new Started(peer.id, command, folder, PROXY_CORE, env)
    started.push(one)
    return one
  }
  try {
    mkdirSync(scratch, { recursive: true })
    const file = join(scratch, 'message')
    writeFileSync(file, Buffer.alloc(SIZE, 'message '))
    const server = ['nghttpd', '--no-tls', '--echo-upload', '-w24', '-W24', '-d', scratch, String(upstream)]
    started.push(new Started('echo-server', server, scratch, LOAD_CORE))
    const subjects: Subject[] = [{ label: 'straight', port: upstream, pid: 0, rates: [], costs: [] }]
    const add = (peer: Peer, port: number, adminPort: number): void => {
      subjects.push({ label: peer.label, port, pid: run(peer, port, adminPort).pid, rates: [], costs: [] })
    }
    add(readPeer('outrigger-h2', bundle), ours, admin)
    if (programs()['envoy'] !== undefined) add(readPeer('envoy-h2', ''), theirs, otherAdmin)
    for (const { port } of subjects) await listening(port)
    for (const { port } of subjects) spell(port, file)
    for (let round = 0; round < rounds; round++) {
      for (const { port, pid, rates, costs } of subjects) {
        const before = pid === 0 ? 0 : cpuSeconds(pid)
        rates.push(spell(port, file))
        if (pid !== 0) costs.push(((cpuSeconds(pid) - before) / MESSAGES) * 1000)
      }
    }
    const rows = subjects.map(
      ({ label, rates, costs }) =>
        `${label.padEnd(22)}${median(rates).toFixed(0).padStart(8)} MiB/s each way` +
        (costs.length === 0 ? '' : `, ${median(costs).toFixed(2)} ms CPU a message`),
    )
    return `1 MiB there and back, medians of ${rounds} rounds\n${rows.join('\n')}`
  } finally {
    for (const one of started) await one.stop()
  }
}
