/** What happened when. */
import type { Transition } from '../record/recorder.ts'
import type { Simulation } from '../simulate.ts'
import { percentile, share } from './percentile.ts'
import type { IntervalResult } from './result.ts'

export function timelineOf({ samples, recorder, timeline, workload }: Simulation): IntervalResult[] {
  const { interval, refusals, calls } = timeline
  const columns = [...calls].sort(([a], [b]) => (a < b ? -1 : 1))
  const last = Math.max(refusals.length, ...columns.map(([, column]) => column.length))
  const count = Math.max(Math.ceil(workload.duration / interval), last)
  const rows = Array.from({ length: count }, () => ({ took: [] as number[], ok: 0 }))
  samples.each(0, Number.POSITIVE_INFINITY, (at, ms, _stream, answer) => {
    const row = rows[Math.floor(at / interval)]
    if (row === undefined) return
    row.took.push(ms)
    if (samples.answers[answer]?.ok === true) row.ok++
  })
  const breakers = new Breakers(recorder.transitions)
  return rows.map(({ took, ok }, i) => ({
    at: i * interval,
    sent: took.length,
    okPercent: share(ok, took.length),
    p99: percentile(Float64Array.from(took).sort(), 99),
    refused: refusals[i] ?? 0,
    calls: Object.fromEntries(columns.map(([to, column]) => [to, column[i] ?? 0])),
    breakers: breakers.until((i + 1) * interval),
  }))
}

/** Walks through the steps once. */
class Breakers {
  readonly #transitions: readonly Transition[]
  readonly #states = new Map<string, string>()
  #next = 0

  constructor(transitions: readonly Transition[]) {
    this.#transitions = transitions
  }

  /** Those that are not closed at `end`. */
  until(end: number): string[] {
    for (; this.#next < this.#transitions.length; this.#next++) {
      const { at, id, service, scope, key, to, shadow } = this.#transitions[this.#next] as Transition
      if (at >= end) break
      const name = scope === 'service' ? service : `${service} ${key}`
      if (to === 'closed') this.#states.delete(`${id} ${shadow}`)
      else this.#states.set(`${id} ${shadow}`, `${name} ${to.replace('_', '-')}${shadow ? ' (shadow)' : ''}`)
    }
    return [...this.#states.values()].sort()
  }
}
