/** Proxies measured in turn, round by round, in another order each; medians, and ratios within one run. */
import { setTimeout as sleep } from 'node:timers/promises'
import { table } from '../../src/demo/table.ts'
import type { Lab } from './lab.ts'
import type { Peer } from './peer-file.ts'
import { cpuSeconds, machineSeconds, memory } from './proc.ts'

export interface Figures {
  /** CPU µs per request, requests per second; GET at saturation, POST of 10 KiB, and at the fixed rate. */
  us: number
  rps: number
  postUs: number
  pacedUs: number
  /** µs added to a direct request. */
  p50: number
  p99: number
  /** MiB. */
  idle: number
  idleConnections: number
  loaded: number
  anonymous: number
  startMs: number
  bad: number
  /** CPU of programs that are not ours, in cores, while CPU was measured. */
  noise: number
}

export interface Plan {
  readonly rounds: number
  readonly seconds: number
  readonly rate: number
  readonly idleConnections: number
  /** Only CPU: no memory, no latency. */
  readonly brief: boolean
}

/** `cpu`: of the proxy's tree, in s. `noise`: of others, in cores. */
async function metered<T>(
  lab: Lab,
  pid: number,
  act: () => Promise<T>,
): Promise<{ out: T; cpu: number; noise: number }> {
  const before = [cpuSeconds(pid), cpuSeconds(lab.backendPid), cpuSeconds(process.pid), machineSeconds()]
  const start = performance.now()
  const out = await act()
  const seconds = (performance.now() - start) / 1000
  const after = [cpuSeconds(pid), cpuSeconds(lab.backendPid), cpuSeconds(process.pid), machineSeconds()]
  const [cpu = 0, backend = 0, self = 0, all = 0] = after.map((value, i) => value - (before[i] ?? 0))
  // What this process has waited for (the load) is in its own figure; the proxy and the backend, still alive, are too.
  const own = Math.max(self, cpu + backend)
  return { out, cpu, noise: Math.max(0, all - own) / seconds }
}

/** Cores of others from which a spell is measured again, and how often at most. */
const NOISE = 0.15
const TRIES = 3

interface Spell {
  readonly us: number
  readonly rps: number
  readonly bad: number
  readonly noise: number
}

/** A compiler at run time has to have seen enough requests, not enough seconds: a busy machine makes few in one. */
const WARM = 30_000
const WARM_SECONDS = 20

async function warmUp(lab: Lab, port: number, post: boolean): Promise<void> {
  let seen = 0
  for (let second = 0; second < WARM_SECONDS && seen < WARM; second++) {
    seen += (await lab.generator.saturate(port, 1, post)).count
  }
}

/** One spell at saturation; of several that were disturbed the least disturbed. */
async function saturation(lab: Lab, pid: number, port: number, seconds: number, post: boolean): Promise<Spell> {
  await warmUp(lab, port, post)
  let best: Spell | undefined
  for (let i = 0; i < TRIES && (best === undefined || best.noise > NOISE); i++) {
    const { out, cpu, noise } = await metered(lab, pid, () => lab.generator.saturate(port, seconds, post))
    const spell = { us: (cpu / Math.max(1, out.count)) * 1e6, rps: out.rps, bad: out.bad, noise }
    if (best === undefined || noise < best.noise) best = spell
  }
  return best as Spell
}

async function measure(lab: Lab, peer: Peer, plan: Plan): Promise<Figures> {
  const { proxy, port, startMs } = await lab.start(peer)
  try {
    const none = Number.NaN
    const figures: Figures = {
      us: none,
      rps: none,
      postUs: none,
      pacedUs: none,
      p50: none,
      p99: none,
      idle: none,
      idleConnections: none,
      loaded: none,
      anonymous: none,
      startMs,
      bad: 0,
      noise: 0,
    }
    if (!plan.brief) {
      await sleep(2000)
      figures.idle = memory(proxy.pid).rss
      const held = await lab.generator.idle(port, plan.idleConnections)
      await sleep(1000)
      figures.idleConnections = memory(proxy.pid).rss
      figures.bad += plan.idleConnections - held.good
      await held.close()
    }
    const get = await saturation(lab, proxy.pid, port, plan.seconds, false)
    const post = await saturation(lab, proxy.pid, port, plan.seconds, true)
    figures.us = get.us
    figures.rps = get.rps
    figures.postUs = post.us
    figures.bad += get.bad + post.bad
    figures.noise = Math.max(get.noise, post.noise)
    if (!plan.brief) {
      const direct = await lab.generator.paced(lab.backend, plan.seconds, plan.rate)
      const { out, cpu } = await metered(lab, proxy.pid, () => lab.generator.paced(port, plan.seconds, plan.rate))
      figures.pacedUs = (cpu / Math.max(1, out.count)) * 1e6
      figures.p50 = out.p50 - direct.p50
      figures.p99 = out.p99 - direct.p99
      figures.bad += out.bad
    }
    const after = memory(proxy.pid)
    figures.loaded = after.rss
    figures.anonymous = after.anonymous
    if (proxy.ended) throw new Error(`${peer.label} ended: ${proxy.lastWords}`)
    return figures
  } finally {
    await proxy.stop()
  }
}

export type Measured = ReadonlyMap<string, readonly Figures[]>

export async function sideBySide(lab: Lab, peers: readonly Peer[], plan: Plan): Promise<Measured> {
  const all = new Map<string, Figures[]>()
  for (let round = 0; round < plan.rounds; round++) {
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[(i + round) % peers.length] as Peer
      const figures = await measure(lab, peer, plan)
      all.set(peer.id, [...(all.get(peer.id) ?? []), figures])
      console.error(`round ${round + 1} of ${plan.rounds}: ${peer.label} ${figures.us.toFixed(1)} µs`)
    }
  }
  return all
}

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

function show(value: number, digits = 0): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits)
}

/** A row per proxy; behind CPU figures stands their ratio to `reference`. */
export function comparison(peers: readonly Peer[], measured: Measured, reference: string, plan: Plan): string {
  const of = (id: string, name: keyof Figures): number =>
    median((measured.get(id) ?? []).map((figures) => figures[name]))
  const ratio = (id: string, name: keyof Figures, digits: number): string => {
    const value = of(id, name)
    const base = of(reference, name)
    const relative = id === reference || Number.isNaN(value / base) ? '' : ` (${(value / base).toFixed(2)} ×)`
    return show(value, digits) + relative
  }
  const rows = peers.map(({ id, label }) => [
    label,
    ratio(id, 'us', 1),
    show(of(id, 'rps')),
    ratio(id, 'postUs', 1),
    `${show(of(id, 'p50'))} / ${show(of(id, 'p99'))}`,
    `${show(of(id, 'idle'))} / ${show(of(id, 'loaded'))} / ${show(of(id, 'idleConnections'))}`,
    show(of(id, 'anonymous')),
    show(of(id, 'startMs')),
    show((measured.get(id) ?? []).reduce((sum, { bad }) => sum + bad, 0)),
    show(of(id, 'noise') * 100),
  ])
  const heading = [
    'proxy',
    'GET CPU µs',
    'GET rps',
    'POST 10 KiB CPU µs',
    `p50 / p99 added at ${plan.rate} rps, µs`,
    `RSS idle / loaded / ${plan.idleConnections} idle conns, MiB`,
    'anonymous loaded, MiB',
    'start to 200, ms',
    'bad answers',
    'others, % of a core',
  ]
  return table(heading, rows)
}
