/** Two policies under one workload: the same requests, the same luck, and what differs. */
import { table } from '../../demo/table.ts'
import { moment, ms, percents, ratio, tally } from './cells.ts'
import type { DestinationResult, PhaseResult, Result, StreamResult } from './result.ts'
import { breakersText } from './text.ts'

/** One figure of both. `difference` is the second less the first; null where one has none. */
export interface Difference {
  readonly phase: string
  readonly of: string
  readonly measure: string
  readonly unit: 'ms' | '%' | ''
  readonly first: number | null
  readonly second: number | null
  readonly difference: number | null
}

export interface Comparison {
  readonly first: Result
  readonly second: Result
  readonly differences: readonly Difference[]
}

export function compare(first: Result, second: Result): Comparison {
  const differences = first.phases.flatMap((phase, i) => {
    const other = second.phases[i] as PhaseResult
    return [...streams(phase, other), ...destinations(phase, other), ...application(phase, other)]
  })
  return { first, second, differences }
}

type Figure = readonly [measure: string, unit: Difference['unit'], first: number | null, second: number | null]

function named(phase: string, of: string, figures: readonly Figure[]): Difference[] {
  return figures.map(([measure, unit, first, second]) => {
    const difference = first === null || second === null ? null : Math.round((second - first) * 10_000) / 10_000
    return { phase, of, measure, unit, first, second, difference }
  })
}

function streams(phase: PhaseResult, other: PhaseResult): Difference[] {
  return phase.streams.flatMap((one, i) => {
    const two = other.streams[i] as StreamResult
    return named(phase.name, one.name, [
      ['ok', '%', one.okPercent, two.okPercent],
      ['p50', 'ms', one.p50, two.p50],
      ['p99', 'ms', one.p99, two.p99],
      ['max', 'ms', one.max, two.max],
    ])
  })
}

function destinations(phase: PhaseResult, other: PhaseResult): Difference[] {
  const keys = [...new Set([...phase.destinations, ...other.destinations].map(keyOf))].sort()
  return keys.flatMap((key) => {
    const one = phase.destinations.find((each) => keyOf(each) === key)
    const two = other.destinations.find((each) => keyOf(each) === key)
    const reasons = [...new Set([one, two].flatMap((each) => Object.keys(each?.refused ?? {})))].sort()
    const figures: Figure[] = [
      ['requests', '', one?.requests ?? 0, two?.requests ?? 0],
      ['calls', '', one?.calls ?? 0, two?.calls ?? 0],
      ['attempts per request', '', one?.attemptsPerRequest ?? null, two?.attemptsPerRequest ?? null],
      ['at most in flight', '', one?.peakInFlight ?? 0, two?.peakInFlight ?? 0],
      ['fallbacks', '', sum(one?.fallbacks), sum(two?.fallbacks)],
      ...reasons.map((reason): Figure => [reason, '', one?.refused[reason] ?? 0, two?.refused[reason] ?? 0]),
    ]
    return named(phase.name, key, figures)
  })
}

function application(phase: PhaseResult, other: PhaseResult): Difference[] {
  const [one, two] = [phase.application, other.application]
  if (one.peakBusy + two.peakBusy === 0) return []
  return named(phase.name, 'application', [
    ['at most at work', '', one.peakBusy, two.peakBusy],
    ['at most waiting', '', one.peakWaiting, two.peakWaiting],
  ])
}

function keyOf({ service, direction }: DestinationResult): string {
  return `${service === '' ? '(no route)' : service} ${direction}`
}

function sum(counts: Readonly<Record<string, number>> | undefined): number {
  return Object.values(counts ?? {}).reduce((total, count) => total + count, 0)
}

// ---------------------------------------------------------------- text

export function comparisonText({ first, second, differences }: Comparison): string {
  const title = `${first.workload}, ${first.requests} requests in ${moment(first.duration)}, seed ${first.seed}`
  const names = [`A  ${first.policies.join(' ')}`, `B  ${second.policies.join(' ')}`]
  const notes = [...new Set([...first.notes, ...second.notes])].map((note) => `note: ${note}`)
  const parts = [
    [title, ...names, ...notes].join('\n'),
    ...first.phases.map(({ name, from, until }) => {
      const rows = differences.filter(({ phase, first, second }) => phase === name && !bothZero(first, second))
      return `# ${name}, ${moment(from)} to ${moment(until)}\n\n${table(['', 'A', 'B', 'B − A'], rows.map(row))}`
    }),
    breakersText(first.breakers, '# breakers, A'),
    breakersText(second.breakers, '# breakers, B'),
    answersText(first, second),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function bothZero(first: number | null, second: number | null): boolean {
  return (first ?? 0) === 0 && (second ?? 0) === 0
}

function row({ of, measure, unit, first, second, difference }: Difference): string[] {
  const show = (value: number | null): string => {
    if (value === null) return '–'
    if (unit === 'ms') return ms(value)
    if (unit === '%') return percents(value)
    return Number.isInteger(value) ? String(value) : ratio(value)
  }
  const sign = difference === null || difference === 0 ? '' : difference > 0 ? '+' : '−'
  const size = difference === null ? null : Math.abs(difference)
  return [`${of}: ${measure}`, show(first), show(second), difference === 0 ? '=' : sign + show(size)]
}

function answersText(first: Result, second: Result): string {
  const rows = first.phases.flatMap((phase, i) =>
    phase.streams.flatMap((stream, j) => [
      [`${phase.name} ${stream.name}`, 'A', tally(stream.answers)],
      ['', 'B', tally(second.phases[i]?.streams[j]?.answers ?? {})],
    ]),
  )
  return `# answers\n\n${table(['', '', ''], rows).split('\n').slice(2).join('\n')}`
}
