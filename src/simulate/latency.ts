/** How long an upstream takes: distributions, in ms. */
import type { Random } from '../core/random.ts'

export type Latency =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly from: number; readonly to: number }
  /** Of these two percentiles; what most servers look like. */
  | { readonly kind: 'lognormal'; readonly p50: number; readonly p99: number }
  /** `usual`, but for the share (0…1) that is `rare`. */
  | { readonly kind: 'bimodal'; readonly usual: number; readonly rare: number; readonly share: number }
  /** Each as likely as the others. */
  | { readonly kind: 'list'; readonly ms: readonly number[] }

/** The standard normal's 99th percentile. */
const Z99 = 2.3263478740408408

export function drawLatency(latency: Latency, random: Random): number {
  switch (latency.kind) {
    case 'constant':
      return latency.ms
    case 'uniform':
      return latency.from + (latency.to - latency.from) * random.fraction()
    case 'lognormal':
      return latency.p50 * (latency.p99 / latency.p50) ** (normal(random) / Z99)
    case 'bimodal':
      return random.fraction() < latency.share ? latency.rare : latency.usual
    case 'list':
      return latency.ms[Math.floor(random.fraction() * latency.ms.length)] as number
  }
}

/** Box and Muller; one of its two results is enough here. */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()))
  return radius * Math.cos(2 * Math.PI * random.fraction())
}
