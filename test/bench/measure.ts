/** One proxy through all phases, from its start to its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab, Running } from './lab.ts'
import type { Peer } from './peer-file.ts'
import { memory } from './proc.ts'
import { metered, saturation } from './spell.ts'

export interface Plan {
  readonly rounds: number
  readonly seconds: number
  readonly rate: number
  readonly idleConnections: number
  /** Only CPU: no memory, no latency. */
  readonly brief: boolean
}

/** What was not measured is NaN. CPU in µs per request, latency in µs added to a direct request, memory in MiB. */
export interface Figures {
  us: number
  rps: number
  postUs: number
  http2Us: number
  /** Calls of gRPC. */
  grpcUs: number
  grpcRps: number
  /** At the fixed rate. */
  pacedUs: number
  p50: number
  p99: number
  idle: number
  idleConnections: number
  loaded: number
  anonymous: number
  /** After load over HTTP/2 alone. */
  loadedHttp2: number
  /** When nobody had asked for anything for 5 s after the load over HTTP/1.1. */
  rested: number
  startMs: number
  bad: number
  /** Others, in cores, while CPU was measured. */
  noise: number
}

function nothing(): Figures {
  const none = Number.NaN
  const cpu = { us: none, rps: none, postUs: none, http2Us: none, grpcUs: none, grpcRps: none }
  const paced = { pacedUs: none, p50: none, p99: none }
  const held = { idle: none, idleConnections: none, loaded: none, anonymous: none, loadedHttp2: none, rested: none }
  return { ...cpu, ...paced, ...held, startMs: none, bad: 0, noise: 0 }
}

export async function measure(lab: Lab, peer: Peer, plan: Plan): Promise<Figures> {
  const running = await lab.start(peer)
  const { proxy, startMs } = running
  try {
    const figures = nothing()
    if (peer.http2) await overHttp2(lab, running, plan, figures)
    else {
      figures.startMs = startMs
      await overHttp1(lab, running, plan, figures)
    }
    if (proxy.ended) throw new Error(`${peer.label} ended: ${proxy.lastWords}`)
    return figures
  } finally {
    await proxy.stop()
  }
}

async function overHttp1(lab: Lab, { proxy, port }: Running, plan: Plan, figures: Figures): Promise<void> {
  if (!plan.brief) {
    await sleep(2000)
    figures.idle = memory(proxy.pid).rss
    const held = await lab.generator.idle(port, plan.idleConnections)
    await sleep(1000)
    figures.idleConnections = memory(proxy.pid).rss
    figures.bad += plan.idleConnections - held.good
    await held.close()
  }
  const get = await saturation(lab, proxy.pid, port, plan.seconds, 'get')
  const post = await saturation(lab, proxy.pid, port, plan.seconds, 'post')
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
  if (plan.brief) return
  await sleep(5000)
  figures.rested = memory(proxy.pid).rss
}

async function overHttp2(lab: Lab, { proxy, port }: Running, plan: Plan, figures: Figures): Promise<void> {
  const gets = await saturation(lab, proxy.pid, port, plan.seconds, 'http2')
  const calls = await saturation(lab, proxy.pid, port, plan.seconds, 'grpc')
  figures.http2Us = gets.us
  figures.grpcUs = calls.us
  figures.grpcRps = calls.rps
  figures.bad += gets.bad + calls.bad
  figures.noise = Math.max(gets.noise, calls.noise)
  figures.loadedHttp2 = memory(proxy.pid).rss
}
