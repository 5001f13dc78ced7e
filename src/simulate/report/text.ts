/** A result as tables. */
import { table } from '../../demo/table.ts'
import type { Transition } from '../record/recorder.ts'
import { moment, ms, percents, ratio, tally } from './cells.ts'
import type { PhaseResult, Result } from './result.ts'

export function resultText(result: Result): string {
  const parts = [heading(result), ...result.phases.map(phaseText), breakersText(result.breakers), timelineText(result)]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function heading({ workload, policies, requests, duration, seed, notes }: Result): string {
  const first = `${workload} under ${policies.join(' ')}: ${requests} requests in ${moment(duration)}, seed ${seed}`
  return [first, ...notes.map((note) => `note: ${note}`)].join('\n')
}

function phaseText(phase: PhaseResult): string {
  const title = `${phase.name}, ${moment(phase.from)} to ${moment(phase.until)}`
  const parts = [`# ${title}`, streamsText(phase), destinationsText(phase), ...details(phase)]
  return parts.filter((part) => part !== '').join('\n\n')
}

function streamsText({ streams }: PhaseResult): string {
  const columns = ['clients', 'sent', 'ok', 'p50', 'p90', 'p99', 'max', 'answers']
  return table(
    columns,
    streams.map(({ name, sent, okPercent, p50, p90, p99, max, answers }) => [
      name,
      ...[`${sent}`, percents(okPercent), ms(p50), ms(p90), ms(p99), ms(max), tally(answers)],
    ]),
  )
}

function destinationsText({ destinations }: PhaseResult): string {
  const columns = ['to', 'requests', 'attempts', 'per request', 'calls', 'in flight', 'ends of attempts', 'our answers']
  return table(
    columns,
    destinations.map((to) => [
      `${to.service === '' ? '(no route)' : to.service} ${to.direction}`,
      `${to.requests}`,
      `${Object.values(to.attempts).reduce((sum, count) => sum + count, 0)}`,
      ratio(to.attemptsPerRequest),
      `${to.calls}`,
      `${to.peakInFlight}`,
      tally(to.outcomes),
      tally(to.refused),
    ]),
  )
}

/** What not every policy has: a line each. */
function details({ destinations, bulkheads, application }: PhaseResult): string[] {
  const lines: string[] = []
  for (const to of destinations) {
    const name = `${to.service} ${to.direction}`
    const { retry, transparent, hedge } = to.attempts
    if ((retry ?? 0) + (transparent ?? 0) + (hedge ?? 0) > 0) lines.push(`${name}: attempts: ${tally(to.attempts)}`)
    if (Object.keys(to.retriesSkipped).length > 0) lines.push(`${name}: retries skipped: ${tally(to.retriesSkipped)}`)
    if (Object.keys(to.fallbacks).length > 0) lines.push(`${name}: fallbacks: ${tally(to.fallbacks)}`)
    if (Object.keys(to.decisions).length > 0) lines.push(`${name}: decisions: ${tally(to.decisions)}`)
    if (to.bulkheadWaits > 0) {
      lines.push(`${name}: waited for the bulkhead: ${to.bulkheadWaits}, the longest ${ms(to.longestBulkheadWait)}`)
    }
  }
  for (const { service, key, limit, peakInFlight, peakQueued, shadow } of bulkheads) {
    const queued = peakQueued > 0 ? `, ${peakQueued} waiting` : ''
    lines.push(
      `bulkhead ${service}${key === '' ? '' : ` ${key}`}: at most ${peakInFlight} of ${limit}${queued}${shadow ? ' (shadow)' : ''}`,
    )
  }
  const { peakBusy, peakWaiting } = application
  if (peakBusy > 0) lines.push(`application: at most ${peakBusy} requests at work, ${peakWaiting} waiting for a slot`)
  return lines.length === 0 ? [] : [lines.join('\n')]
}

/** Of many steps the first and the last are told. */
const STEPS = 40

/** Steps of breakers, each with its reason. */
export function breakersText(transitions: readonly Transition[], title = '# breakers'): string {
  if (transitions.length === 0) return ''
  const rows = transitions.map(({ at, from, to, why, shadow }) => {
    const step = `${from} → ${to}`.replaceAll('_', '-')
    return `${moment(at).padStart(9)}  ${step}${shadow ? ' (shadow)' : ''}: ${why}`
  })
  if (rows.length > STEPS) rows.splice(STEPS / 2, rows.length - STEPS, `           … ${rows.length - STEPS} more …`)
  return `${title}\n\n${rows.join('\n')}`
}

/** Destinations that the time line has a column for. */
const DESTINATIONS = 4

function timelineText({ timeline, interval, phases }: Result): string {
  const to = busiest(phases)
  const rows = timeline.map(({ at, sent, okPercent, p99, refused, calls, breakers }) => [
    moment(at),
    ...[`${sent}`, percents(okPercent), ms(p99), `${refused}`],
    ...to.map((key) => `${calls[key] ?? 0}`),
    breakers.join(', '),
  ])
  const columns = ['from', 'sent', 'ok', 'p99', 'refused', ...to.map((key) => `calls ${key}`), 'breakers']
  return `# every ${moment(interval)}\n\n${table(columns, rows)}`
}

/** Those with the most requests, in order of name. */
function busiest(phases: readonly PhaseResult[]): string[] {
  const requests = new Map<string, number>()
  for (const { destinations } of phases) {
    for (const { service, direction, requests: count } of destinations) {
      const key = `${service} ${direction}`
      if (service !== '') requests.set(key, (requests.get(key) ?? 0) + count)
    }
  }
  const inOrder = [...requests].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return inOrder
    .slice(0, DESTINATIONS)
    .map(([key]) => key)
    .sort()
}
