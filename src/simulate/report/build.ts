/** Simulation → Result. */
import { type DestinationCounts, sorted } from '../record/counts.ts'
import type { BulkheadPeak } from '../record/recorder.ts'
import type { Simulation } from '../simulate.ts'
import { percentile, round, share } from './percentile.ts'
import type { BulkheadResult, DestinationResult, PhaseResult, Result, StreamResult } from './result.ts'
import { timelineOf } from './timeline.ts'

/** `policies`: their paths as given. */
export function resultOf(simulation: Simulation, policies: readonly string[]): Result {
  const { workload, samples, recorder, timeline, unanswered } = simulation
  return {
    workload: workload.name,
    policies,
    seed: workload.seed,
    duration: workload.duration,
    requests: samples.count,
    unanswered,
    phases: phasesOf(simulation),
    breakers: recorder.transitions.map((transition) => ({ ...transition, at: round(transition.at) })),
    interval: timeline.interval,
    timeline: timelineOf(simulation),
    notes: notesOf(simulation),
  }
}

function phasesOf({ workload, samples, recorder, application }: Simulation): PhaseResult[] {
  let from = 0
  return workload.phases.map(({ name, until }, i) => {
    const last = i === workload.phases.length - 1
    const { destinations, bulkheads } = recorder.phases[i] ?? { destinations: new Map(), bulkheads: new Map() }
    const { busy, waiting } = application[i] ?? { busy: 0, waiting: 0 }
    const phase: PhaseResult = {
      name,
      from,
      until,
      streams: workload.streams.map((stream, number) =>
        streamOf(stream, number, samples, from, last ? Number.POSITIVE_INFINITY : until),
      ),
      destinations: byKey([...destinations.values()].map(destinationOf), (d) => `${d.service} ${d.direction}`),
      bulkheads: byKey([...bulkheads.values()].map(bulkheadOf), (b) => `${b.service} ${b.per} ${b.key} ${b.shadow}`),
      application: { peakBusy: busy, peakWaiting: waiting },
    }
    from = until
    return phase
  })
}

function streamOf(
  name: string,
  number: number,
  samples: Simulation['samples'],
  from: number,
  to: number,
): StreamResult {
  const took: number[] = []
  const answers = new Map<string, number>()
  let ok = 0
  let tries = 0
  samples.each(from, to, (_at, ms, stream, answer, made) => {
    if (stream !== number) return
    took.push(ms)
    tries += made
    const { text, ok: good } = samples.answers[answer] as { text: string; ok: boolean }
    if (good) ok++
    answers.set(text, (answers.get(text) ?? 0) + 1)
  })
  const inOrder = Float64Array.from(took).sort()
  return {
    name,
    sent: took.length,
    ok,
    okPercent: share(ok, took.length),
    p50: percentile(inOrder, 50),
    p90: percentile(inOrder, 90),
    p99: percentile(inOrder, 99),
    max: percentile(inOrder, 100),
    tries: took.length === 0 ? null : round(tries / took.length),
    answers: sorted(answers),
  }
}

function destinationOf(counts: DestinationCounts): DestinationResult {
  const { first, retry, transparent, hedge } = counts.attempts
  const all = first + retry + transparent + hedge
  return {
    direction: counts.direction,
    service: counts.service,
    requests: counts.requests,
    attempts: { first, retry, transparent, hedge },
    attemptsPerRequest: counts.requests === 0 ? null : round(all / counts.requests),
    calls: counts.reached,
    peakInFlight: counts.peakInFlight,
    outcomes: sorted(counts.outcomes),
    refused: sorted(counts.refused),
    fallbacks: sorted(counts.fallbacks),
    retriesSkipped: sorted(counts.retriesSkipped),
    decisions: sorted(counts.decisions),
    bulkheadRejected: sorted(counts.bulkheadRejected),
    bulkheadWaits: counts.bulkheadWaits,
    longestBulkheadWait: round(counts.longestBulkheadWait),
  }
}

function bulkheadOf({ service, per, key, limit, shadow, inflight, queued }: BulkheadPeak): BulkheadResult {
  return { service, per, key, limit, shadow, peakInFlight: inflight, peakQueued: queued }
}

function byKey<T>(list: T[], key: (item: T) => string): T[] {
  return list.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function notesOf({ workload, recorder, unanswered }: Simulation): string[] {
  const notes = [...workload.notes]
  if (unanswered > 0) notes.push(`${unanswered} requests had no answer ten minutes after the last was sent`)
  if (recorder.transitionsDropped > 0)
    notes.push(`${recorder.transitionsDropped} more steps of breakers are not listed`)
  for (const [what, times] of recorder.ejections) notes.push(`${what}: ${times}`)
  for (const defect of new Set(recorder.defects)) notes.push(`a defect of ours: ${defect}`)
  return notes
}
