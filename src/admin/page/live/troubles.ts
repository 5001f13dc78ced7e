/** What an operator has to know first: everything that is not as it should be, worst first. */
import type { Frame } from './frame.ts'
import type { ServiceHistory } from './history.ts'
import { breakerSeverity, bySeverity, nameOf, type Severity, serviceName } from './states.ts'
import { duration, percent, seconds } from './words.ts'

export interface Trouble {
  readonly severity: Severity
  readonly text: string
  /** The same without figures that change from second to second: what it is known by, and what is read out. */
  readonly gist: string
}

/** Share of errors from which a service is named, given that it has had some requests. */
const ERRORS = 0.01
const ENOUGH = 0.5

export function troubles(frame: Frame, services: readonly ServiceHistory[]): Trouble[] {
  const found = [
    ...ofBreakers(frame),
    ...ofServices(services),
    ...ofLimits(frame),
    ...ofEndpoints(frame),
    ...ofDiscovery(frame),
  ]
  found.push(...ofProcess(frame))
  return found.sort((one, other) => bySeverity(one.severity, other.severity))
}

function* ofBreakers({ breakers }: Frame): Iterable<Trouble> {
  for (const breaker of breakers) {
    if (breaker.mode === 'shadow') continue
    const severity = breakerSeverity(breaker)
    if (severity === 'good') continue
    const name = `breaker ${nameOf(breaker.service, breaker.key)}`
    const { state, forced, opensFor } = breaker
    const word = state === 'half_open' ? 'half-open' : state
    if (forced !== 'auto') yield told(severity, `${name} is forced ${forced}`)
    else if (state === 'open') yield told(severity, `${name} is open`, `, probe in ${seconds(opensFor)}`)
    else yield told(severity, `${name} is ${word}`)
  }
}

function* ofServices(services: readonly ServiceHistory[]): Iterable<Trouble> {
  for (const { service, direction, figures } of services) {
    if (figures === undefined || figures.rate < ENOUGH || !(figures.errorShare >= ERRORS)) continue
    const name = `${serviceName(service)} (${direction})`
    yield {
      severity: figures.errorShare >= 0.1 ? 'bad' : 'warn',
      text: `${name}: ${percent(figures.errorShare)} of requests get an error`,
      gist: `${name}: requests get an error`,
    }
  }
}

function* ofLimits({ bulkheads, budgets, concurrency, idempotency }: Frame): Iterable<Trouble> {
  for (const { service, key, inflight, limit, queued, maxQueue, mode } of bulkheads) {
    if (mode === 'shadow' || inflight < limit) continue
    const queue = maxQueue === 0 ? '' : `, ${queued} of ${maxQueue} wait`
    yield told(queued >= maxQueue ? 'bad' : 'warn', `bulkhead ${nameOf(service, key)} is full`, queue)
  }
  for (const { service, inflight, limit, mode } of concurrency) {
    if (mode !== 'shadow' && inflight >= limit) {
      yield told('warn', `${service} is at its concurrency limit`, ` of ${Math.round(limit)}`)
    }
  }
  for (const { service, of, remaining, mode } of budgets) {
    if (mode !== 'shadow' && remaining < 1) yield told('warn', `${of} budget of ${service} is spent`)
  }
  for (const { service, store, up, error } of idempotency) {
    if (!up) yield told('bad', `idempotency of ${service}: ${store} does not answer`, ` (${error})`)
  }
}

function* ofEndpoints({ endpoints }: Frame): Iterable<Trouble> {
  const out = new Map<string, number>()
  const all = new Map<string, number>()
  for (const { service, state } of endpoints) {
    all.set(service, (all.get(service) ?? 0) + 1)
    if (state === 'ejected' || state === 'unhealthy') out.set(service, (out.get(service) ?? 0) + 1)
  }
  for (const [service, count] of out) {
    const of = all.get(service) as number
    yield {
      severity: count === of ? 'bad' : 'warn',
      text: `${service}: ${count} of ${of} endpoints take no requests`,
      gist: `${service}: endpoints take no requests`,
    }
  }
}

function* ofDiscovery({ discovery }: Frame): Iterable<Trouble> {
  for (const { service, source, up, heardAt } of discovery) {
    if (up) continue
    const kept = heardAt === 0 ? 'it has none' : 'the last ones stay'
    yield told('warn', `${service}: endpoints cannot be asked for (${source})`, `, ${kept}`)
  }
}

function* ofProcess({ overload, drain, config }: Frame): Iterable<Trouble> {
  if (overload.refused > 0) {
    const text = `overload: ${percent(overload.refused)} of new requests are refused, timers are ${duration(overload.lag)} late`
    yield { severity: 'bad', text, gist: 'overload: new requests are refused' }
  }
  if (!config.lastReloadSuccess) yield told('bad', 'the last reload failed')
  if (drain !== 'serving') yield told('warn', `it is ${drain}`)
}

/** `more` stands behind the gist, and may change each second. */
function told(severity: Severity, gist: string, more = ''): Trouble {
  return { severity, text: `${gist}${more}`, gist }
}
