/** One spell of load: what it cost the proxy, and how much of the machine others had meanwhile. */
import type { Lab } from './lab.ts'
import type { Saturated } from './generator.ts'
import { cpuSeconds, machineSeconds } from './proc.ts'

/** What makes load: HTTP/1.1 GETs, POSTs of 10 KiB, GETs over HTTP/2, calls of gRPC. */
export type Load = 'get' | 'post' | 'http2' | 'grpc'

export interface Spell {
  /** CPU µs per request. */
  readonly us: number
  readonly rps: number
  readonly count: number
  readonly bad: number
  /** CPU of programs that are not ours, in cores. */
  readonly noise: number
}

/** `cpu`: of the proxy's tree, in s. `noise`: of others, in cores. */
export async function metered<T>(
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
const TRIES = 2

/** A compiler at run time has to have seen enough requests, not enough seconds: a busy machine makes few in one. */
const WARM = 30_000
const WARM_SECONDS = 20

export function load(lab: Lab, port: number, seconds: number, kind: Load): Promise<Saturated> {
  if (kind === 'http2' || kind === 'grpc') return lab.generator.http2(port, seconds, kind === 'grpc')
  return lab.generator.saturate(port, seconds, kind === 'post')
}

export async function warmUp(lab: Lab, port: number, kind: Load): Promise<void> {
  let seen = 0
  for (let second = 0; second < WARM_SECONDS && seen < WARM; second++) seen += (await load(lab, port, 1, kind)).count
}

/** One spell at saturation; of several that were disturbed the least disturbed. */
export async function saturation(lab: Lab, pid: number, port: number, seconds: number, kind: Load): Promise<Spell> {
  await warmUp(lab, port, kind)
  let best: Spell | undefined
  for (let i = 0; i < TRIES && (best === undefined || best.noise > NOISE); i++) {
    const { out, cpu, noise } = await metered(lab, pid, () => load(lab, port, seconds, kind))
    const { rps, bad, count } = out
    const spell = { us: (cpu / Math.max(1, count)) * 1e6, rps, count, bad, noise }
    if (best === undefined || noise < best.noise) best = spell
  }
  return best as Spell
}
