/**
 * `npm run soak [-- --minutes 10 --rate 5000 --connections 128 --bundle FILE]`: the bundle as a process before an upstream of
 * which 5 % fails and 5 % is slow, 5 000 requests a second, clients that leave at random. Memory has to be flat after the
 * second minute, and once the load is over nothing may be left. Exit 0: every bound met, 1: one was missed, 2: not here.
 * `--minutes 1` is a trial: flat then means its second half.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from '../../src/demo/table.ts'
import { buildTree } from '../bench/bundle.ts'
import { freePorts } from '../bench/lab.ts'
import { fill, NODE } from '../bench/peer-file.ts'
import { cpuSeconds, descriptors, memory } from '../bench/proc.ts'
import { LOAD_CORE, PINNED, PROXY_CORE, pinned, Started } from '../bench/started.ts'
import type { Totals } from './clients.ts'
import { type Gauges, read } from './gauges.ts'
import { afterBounds, loadBounds, memoryBounds, type Sample, settled, slope } from './verdict.ts'

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '5000' },
    connections: { type: 'string', default: '128' },
    bundle: { type: 'string', default: '' },
  },
})
const seconds = Number(flags.minutes) * 60
const rate = Number(flags.rate)
/** s between two lines of the table. */
const EVERY = Math.min(10, seconds / 12)
/** s that idle connections and what is still on its way may take to go. */
const PATIENCE = 20

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A helper process on the load's core; it ends with its stdin. */
function helper(name: string, ...args: (string | number)[]) {
  const [file, ...rest] = pinned([NODE, here(name), ...args.map(String)], LOAD_CORE)
  return spawn(file as string, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function until(holds: () => Promise<boolean>, limit: number): Promise<void> {
  const end = performance.now() + limit * 1000
  while (!(await holds()) && performance.now() < end) await sleep(250)
}

function nothingLeft(gauges: Gauges): boolean {
  return Object.values(gauges).every((value) => value === 0)
}

function line({ at, rss, anonymous, heap }: Sample, totals: Totals, gauges: Gauges, cpu: number): string {
  const cells = [at.toFixed(0), rss.toFixed(1), anonymous.toFixed(1), heap.toFixed(1), cpu.toFixed(0)]
  cells.push(String(totals.sent), totals.p50.toFixed(1), totals.p99.toFixed(1), String(totals.waiting))
  cells.push(String(gauges.active), String(gauges.slots), String(gauges.queue), String(gauges.replayBytes))
  cells.push(String(gauges.connections), String(gauges.upstreamConnections))
  return cells.map((cell) => cell.padStart(8)).join(' ')
}

const HEADING = [
  's',
  'RSS',
  'anon',
  'heap',
  'CPU %',
  'sent',
  'p50 ms',
  'p99 ms',
  'waiting',
  'active',
  'slots',
  'queue',
  'replay',
  'clients',
  'upstream',
]

/** Lines of the sidecar's log that must not be there. */
function complaints(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((text) => text.includes('"level":"error"') || /defect|uncaught|unhandled/i.test(text))
}

async function soak(scratch: string): Promise<boolean> {
  const bundle = flags.bundle === '' ? buildTree(join(scratch, 'outrigger.cjs')) : flags.bundle
  const [listen = 0, admin = 0, upstream = 0] = await freePorts(3)
  const config = join(scratch, 'policies.yaml')
  writeFileSync(config, fill(readFileSync(here('policies.yaml.in'), 'utf8'), { upstream: `127.0.0.1:${upstream}` }))
  const origin = helper('origin.ts', upstream)
  const command = [
    NODE,
    bundle,
    'run',
    '--config',
    config,
    '--outbound',
    `127.0.0.1:${listen}`,
    '--admin',
    `127.0.0.1:${admin}`,
  ]
  const sidecar = new Started('sidecar', command, scratch, PROXY_CORE, { NODE_ENV: 'production' })
  let clients: ReturnType<typeof helper> | undefined
  try {
    await until(
      () =>
        read(admin).then(
          () => true,
          () => false,
        ),
      PATIENCE,
    )
    if (sidecar.ended) throw new Error(`the sidecar ended: ${sidecar.lastWords}`)
    // One scrape later everything that is loaded late is there, and its descriptors are open.
    await sleep(1000)
    const before = descriptors(sidecar.pid)
    clients = helper('clients.ts', listen, rate, flags.connections)
    let totals: Totals | undefined
    createInterface({ input: clients.stdout as NodeJS.ReadableStream }).on(
      'line',
      (text) => (totals = JSON.parse(text)),
    )

    console.log(
      `${rate} requests a second for ${flags.minutes} min over ${flags.connections} connections; ${PINNED ? 'the sidecar on core 0, clients and origin on core 1' : 'not pinned'}. MiB.`,
    )
    console.log(HEADING.map((cell) => cell.padStart(8)).join(' '))
    const samples: Sample[] = []
    const start = performance.now()
    let transitions = 0
    let busy = cpuSeconds(sidecar.pid)
    for (let i = 1; i * EVERY <= seconds && !sidecar.ended; i++) {
      await sleep(start + i * EVERY * 1000 - performance.now())
      const reading = await read(admin)
      const { rss, anonymous } = memory(sidecar.pid)
      const sample: Sample = { at: (performance.now() - start) / 1000, rss, anonymous, heap: reading.heapMiB }
      const cpu = cpuSeconds(sidecar.pid)
      samples.push(sample)
      transitions = reading.transitions
      if (totals !== undefined) console.log(line(sample, totals, reading.gauges, (100 * (cpu - busy)) / EVERY))
      busy = cpu
    }
    const expected = ((performance.now() - start) / 1000) * rate

    clients.stdin?.write('stop\n')
    await sleep(6000)
    let reading = await read(admin)
    await until(async () => nothingLeft((reading = await read(admin)).gauges), PATIENCE)
    const idleFrom = cpuSeconds(sidecar.pid)
    await sleep(5000)
    const idleCpu = (100 * (cpuSeconds(sidecar.pid) - idleFrom)) / 5
    const after = descriptors(sidecar.pid)
    await sidecar.stop()
    const logged = complaints(sidecar.log)

    if (totals === undefined) throw new Error('the clients said nothing')
    const bounds = [
      ...loadBounds(totals, expected),
      ...memoryBounds(samples, seconds),
      ...afterBounds({
        gauges: reading.gauges,
        defects: reading.defects,
        logged,
        before,
        after,
        idleCpu,
        exitCode: sidecar.code,
      }),
    ]
    tell(totals, samples, reading.attempts, transitions)
    const rows = bounds.map(({ what, limit, measured, met }) => [what, limit, measured, met ? 'met' : 'MISSED'])
    console.log(`\n${table(['bound', 'limit', 'measured', ''], rows)}`)
    for (const text of logged.slice(0, 5)) console.log(text.slice(0, 400))
    return bounds.every(({ met }) => met)
  } finally {
    clients?.stdin?.end()
    origin.stdin?.end()
    await sidecar.stop()
  }
}

function tell(totals: Totals, samples: readonly Sample[], attempts: number, transitions: number): void {
  const { sent, answers, left, broken, open } = totals
  const flat = samples.filter(({ at }) => at >= settled(seconds))
  const statuses = Object.entries(answers).toSorted(([a], [b]) => a.localeCompare(b))
  console.log(
    `\nsent ${sent} = answered ${statuses.map(([status, count]) => `${count} × ${status}`).join(' + ')} + left ${left} + broken ${broken} + open ${open}`,
  )
  console.log(
    `attempts ${attempts} · breaker transitions ${transitions} · RSS slope from ${settled(seconds)} s on: ${slope(flat).toFixed(2)} MiB a minute`,
  )
}

async function main(): Promise<number> {
  if (!existsSync('/proc/self/stat')) {
    console.log('memory and descriptors are read from /proc, which is not here')
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
