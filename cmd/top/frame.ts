/** One picture of `outrigger top`: lines, out of what the stream has told so far. */
import type { Frame } from '../../src/admin/index.ts'
import type { ServiceHistory } from '../../src/admin/page/live/history.ts'
import { judgements } from '../../src/admin/page/live/judged.ts'
import type { Kind } from '../../src/admin/page/live/kinds.ts'
import { limits } from '../../src/admin/page/live/limits.ts'
import { attemptText, outcomeOf, SEVERITIES, statusOf, withoutAttempt } from '../../src/admin/page/live/requests.ts'
import {
  breakerFigures,
  breakerSeverity,
  breakerState,
  bySeverity,
  nameOf,
  type Severity,
  serviceName,
} from '../../src/admin/page/live/states.ts'
import { troubles } from '../../src/admin/page/live/troubles.ts'
import { clock, duration, latency, percent, rate, seconds } from '../../src/admin/page/live/words.ts'
import { type Cell, type Paint, type Piece, sparkline, table } from './text.ts'

export interface Picture {
  readonly frame: Frame
  readonly services: readonly ServiceHistory[]
  readonly kinds: readonly Kind[]
  /** Why it is not live, in words; ''. */
  readonly stale: string
}

/** Columns of the course of a service. */
const COURSE = 30
const MARKS: Readonly<Record<Severity, string>> = { good: '●', warn: '▲', bad: '■', plain: '◦' }

/** At most `height` lines of `width` columns; Infinity: all there is. */
export function lines(picture: Picture, paint: Paint, width: number, height: number): string[] {
  const { frame } = picture
  const parts = [
    [title(picture, paint, width), ...now(picture, paint, width)],
    services(picture, paint, width),
    breakers(frame, paint, width),
    limited(frame, paint, width),
    endpoints(frame, paint, width),
    requests(picture, paint, width),
  ]
  const all = parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : ['', ...part]))
  return all.length > height ? all.slice(0, height) : all
}

function title({ frame, stale }: Picture, paint: Paint, width: number): string {
  const { name, drain, uptimeSeconds, connections, config, version } = frame
  const { inbound, outbound } = connections
  const live: Piece = stale === '' ? { text: '● live', look: 'good' } : { text: `○ ${stale}`, look: 'bad' }
  const facts = `${drain}, up ${seconds(uptimeSeconds)}, clients ${inbound} in ${outbound} out, policy ${config.hash.slice(0, 8)}, ${version}`
  return paint.line([{ text: name, look: 'head' }, '  ', live, '  ', { text: facts, look: 'soft' }], width)
}

function now({ frame, services }: Picture, paint: Paint, width: number): string[] {
  const found = troubles(frame, services)
  if (found.length === 0)
    return [paint.line([{ text: '● nothing is refused, ejected, full or failing', look: 'good' }], width)]
  return found.map(({ severity, text }) => paint.line([{ text: `${MARKS[severity]} ${text}`, look: severity }], width))
}

function services({ frame, services }: Picture, paint: Paint, width: number): string[] {
  const columns = [
    { name: 'SERVICE' },
    { name: '' },
    { name: 'REQUESTS', right: true },
    { name: 'ERRORS', right: true },
    { name: 'P50', right: true },
    { name: 'P99', right: true },
    { name: 'IN FLIGHT', right: true },
    // One point is no course.
    { name: services.some(({ points }) => points.length > 1) ? 'LAST MINUTES' : '' },
  ]
  const rows = services.map(({ service, direction, figures, inflight, points }): Cell[] => {
    const name: Piece = { text: serviceName(service), look: 'head' }
    if (figures === undefined) return [name, direction, '', '', '', '', String(inflight)]
    const share = figures.errorShare
    const errors: Piece = {
      text: share === 0 ? '0' : percent(share),
      look: share >= 0.1 ? 'bad' : share > 0 ? 'warn' : 'plain',
    }
    const [p50, p99] = [latency(figures.p50, frame.bounds), latency(figures.p99, frame.bounds)]
    const rates = points.map((point) => point.rate)
    const course = rates.length > 1 ? sparkline(rates, COURSE) : ''
    return [name, direction, `${rate(figures.rate)}/s`, errors, p50, p99, String(inflight), course]
  })
  return rows.length === 0 ? ['no request has come yet'] : table(paint, columns, rows, width)
}

function breakers({ breakers }: Frame, paint: Paint, width: number): string[] {
  if (breakers.length === 0) return []
  const rows = [...breakers]
    .sort((one, other) => bySeverity(breakerSeverity(one), breakerSeverity(other)))
    .map((breaker): Cell[] => {
      const severity = breakerSeverity(breaker)
      const state: Piece = { text: `${MARKS[severity]} ${breakerState(breaker)}`, look: severity }
      const shadow = breaker.mode === 'shadow' ? ', shadow' : ''
      return [nameOf(breaker.service, breaker.key), `${breaker.scope}${shadow}`, state, breakerFigures(breaker)]
    })
  return table(paint, [{ name: 'BREAKER' }, { name: 'PER' }, { name: 'STATE' }, { name: 'FAILING' }], rows, width)
}

function limited(frame: Frame, paint: Paint, width: number): string[] {
  const rows = limits(frame).map(({ of, kind, used, severity, more }): Cell[] => [
    of,
    kind,
    { text: used, look: severity },
    { text: more, look: 'soft' },
  ])
  if (rows.length === 0) return []
  return table(paint, [{ name: 'LIMIT OF' }, { name: 'KIND' }, { name: 'USED' }, { name: 'MORE' }], rows, width)
}

/** Of those that are ready only how many there are. */
function endpoints({ endpoints, outliers }: Frame, paint: Paint, width: number): string[] {
  const out = endpoints.filter(({ state }) => state !== 'ready')
  const ready = `${endpoints.length - out.length} of ${endpoints.length} endpoints ready`
  if (out.length === 0) return [paint.of(ready, 'soft')]
  const judgedBy = judgements(outliers)
  const rows = out.map(({ service, address, state, inflight }): Cell[] => {
    const judged = judgedBy.get(`${service} ${address}`)
    const left = state === 'ejected' && judged !== undefined ? `, ${seconds(judged.ejectedFor)} left` : ''
    const look = state === 'probing' ? 'warn' : 'bad'
    return [address, service, { text: `${MARKS[look]} ${state}${left}`, look }, String(inflight)]
  })
  const columns = [{ name: 'ENDPOINT' }, { name: 'SERVICE' }, { name: 'STATE' }, { name: 'IN FLIGHT', right: true }]
  return [...table(paint, columns, rows, width), paint.of(ready, 'soft')]
}

function requests({ kinds }: Picture, paint: Paint, width: number): string[] {
  if (kinds.length === 0) return []
  const rows = kinds.map(({ newest, count }): Cell[] => {
    const { time, service, method, path, route, outcome, attempts, duration: took } = newest
    const severity = SEVERITIES[outcome]
    const why =
      attempts.length === 0 ? withoutAttempt(newest) : attempts.map((attempt) => attemptText(attempt)).join(' · ')
    return [
      clock(time, false),
      String(count),
      { text: `${MARKS[severity]} ${outcomeOf(newest)}`, look: severity },
      statusOf(newest),
      duration(took),
      serviceName(service),
      `${method} ${path || route}`,
      { text: why, look: 'soft' },
    ]
  })
  const columns = [
    { name: 'LAST' },
    { name: 'TIMES', right: true },
    { name: 'OUTCOME' },
    { name: 'STATUS', right: true },
    { name: 'TOOK', right: true },
    { name: 'SERVICE' },
    { name: 'REQUEST' },
    { name: 'ATTEMPTS, AND WHY' },
  ]
  return table(paint, columns, rows, width)
}
