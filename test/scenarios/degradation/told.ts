/** What an answer of the degradation story says, and how often each was said. */
import { Histogram } from '../../../src/demo/histogram.ts'
import { callJson } from '../../../src/demo/http.ts'
import type { Sample } from '../../../src/demo/load.ts'

export interface Word {
  readonly sample: Sample
  /** `x-outrigger-fallback`, or ''. */
  readonly kind: string
  readonly reason: string
  /** s; NaN: none. */
  readonly age: number
  readonly body: string
}

/** What the sidecar says of itself. */
export interface Metrics {
  /** `kind reason` → `outrigger_fallback_total`. */
  readonly fallbacks: Readonly<Record<string, number>>
  /** Answers 200 with an `error_type`, and those of them that took 5 ms at most. */
  readonly failed: number
  readonly failedFast: number
}

export const NO_METRICS: Metrics = { fallbacks: {}, failed: 0, failedFast: 0 }

export async function metricsOf(admin: string): Promise<Metrics> {
  const { value } = await callJson(admin, 'GET', '/metrics')
  const fallbacks: Record<string, number> = {}
  let [failed, failedFast] = [0, 0]
  for (const line of String(value).split('\n')) {
    const label = (name: string) => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? ''
    const count = Number(line.slice(line.lastIndexOf(' ') + 1))
    if (line.startsWith('outrigger_fallback_total{')) {
      const key = `${label('kind')} ${label('reason')}`
      fallbacks[key] = (fallbacks[key] ?? 0) + count
    } else if (line.startsWith('http_server_request_duration_seconds_')) {
      if (label('http_response_status_code') !== '200' || label('error_type') === '') continue
      if (line.includes('_count{')) failed += count
      else if (line.includes('_bucket{') && label('le') === '0.005') failedFast += count
    }
  }
  return { fallbacks: sorted(fallbacks), failed, failedFast }
}

export class Told {
  readonly latency = new Histogram()
  total = 0
  /** Somebody said something. */
  answered = 0
  ok = 0
  degraded = 0
  /** Copies that did not say how old they are. */
  ageless = 0
  readonly kinds: Record<string, number> = {}
  readonly statuses: Record<number, number> = {}
  readonly shapes: Record<string, number> = {}

  static read(answer: string): Omit<Word, 'sample'> {
    const end = answer.indexOf('\r\n\r\n')
    const head = answer.slice(0, Math.max(0, end))
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
    const age = field('age')
    return {
      kind: field('x-outrigger-fallback'),
      reason: field('x-outrigger-reason'),
      age: age === '' ? Number.NaN : Number(age),
      body: end < 0 ? '' : answer.slice(end + 4),
    }
  }

  add({ sample, kind, age, body }: Word): void {
    this.total++
    this.latency.record(sample.latency)
    if (sample.status !== 0) this.answered++
    if (sample.status >= 200 && sample.status < 300) {
      this.ok++
      add(this.shapes, shapeOf(body))
    }
    add(this.statuses, sample.status)
    if (kind === '') return
    this.degraded++
    add(this.kinds, kind)
    if (kind === 'cached' && Number.isNaN(age)) this.ageless++
  }
}

/** `kind reason` → how often. */
export function counted(words: readonly Word[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { kind, reason } of words) if (kind !== '') add(found, `${kind} ${reason}`)
  return sorted(found)
}

function shapeOf(body: string): string {
  if (body === '[]') return '[]'
  if (/^\{"orderNo":"O-\d+","status":"UNKNOWN"\}$/.test(body)) return 'UNKNOWN'
  return /^\{"orderNo":"O-\d+","userId":"seed",.*"status":"CREATED"\}$/.test(body) ? 'its order' : body.slice(0, 60)
}

function add(counts: Record<string | number, number>, key: string | number): void {
  counts[key] = (counts[key] ?? 0) + 1
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([one], [other]) => (one < other ? -1 : 1)))
}
