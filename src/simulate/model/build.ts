/** What a schema cannot say of a model, and the model itself. */
import { type Fields, fields, items } from '../../config/build/document.ts'
import type { HostPort } from '../../config/model.ts'
import { formatDuration } from '../../config/values/units.ts'
import type { Latency } from '../latency.ts'
import type { Phase } from '../workload.ts'
import { readAsk } from './ask.ts'
import type { Complain } from './complain.ts'
import { addressOf, type KnownServices } from './known.ts'
import type { Failure, Model, ModelServer, Stream } from './model.ts'

/** The model is only to be used where nothing was complained of. */
export function buildModel(value: Fields, services: KnownServices, complain: Complain): Model {
  const duration = number(value['duration'])
  const start = Date.parse(String(value['start']))
  if (Number.isNaN(start)) complain('E024', 'start', 'start must be a time such as 2026-11-11T00:00:00Z')
  const application = buildServer('', fields(value['application']), 'application', complain)
  const servers = new Map([['', application]])
  for (const [i, item] of items(value['services']).entries()) {
    const name = String(fields(item)['name'])
    const path = `services.${i}`
    if (servers.has(name))
      complain('E013', `${path}.name`, `services[${i}].name must stand once, '${name}' is there already`)
    const addresses = services.get(name)
    if (addresses === undefined) {
      complain('E040', `${path}.name`, `services[${i}].name must be a Service of the policies, there is no '${name}'`)
    }
    const server = buildServer(name, fields(item), path, complain)
    for (const [at, { endpoint }] of server.failures.entries()) {
      if (endpoint === '' || !addresses?.length || addresses.includes(endpoint)) continue
      const said = `${path}.failures.${at}.endpoint`
      complain('E040', said, `endpoint must be one of ${name}: ${addresses.join(', ')}, found ${endpoint}`)
    }
    servers.set(name, server)
  }
  return {
    name: String(value['name']),
    seed: number(value['seed']),
    start,
    duration,
    phases: buildPhases(items(value['phases']), duration, complain),
    streams: items(value['requests']).map((item, i) => buildStream(fields(item), `requests.${i}`, duration, complain)),
    servers,
    notes: [...services.keys()]
      .filter((name) => !servers.has(name))
      .map((name) => `the model says nothing of service ${name}: it answers 200 after 1 ms`),
  }
}

function buildPhases(list: readonly unknown[], duration: number, complain: Complain): Phase[] {
  const phases: Phase[] = []
  let before = 0
  for (const [i, item] of list.entries()) {
    const { name, until } = fields(item) as { name: string; until: number }
    if (until <= before) {
      complain(
        'E025',
        `phases.${i}.until`,
        `phases[${i}].until must be later than ${formatDuration(before)}, found ${formatDuration(until)}`,
      )
    }
    before = until
    phases.push({ name, until })
  }
  // What comes behind the last belongs to somebody too.
  if (before < duration) phases.push({ name: phases.length === 0 ? 'all' : 'rest', until: duration })
  return phases
}

function buildStream(value: Fields, path: string, duration: number, complain: Complain): Stream {
  const from = number(value['from'])
  const until = value['until'] === undefined ? duration : number(value['until'])
  if (until <= from) {
    complain(
      'E025',
      `${path}.until`,
      `until must be later than from, ${formatDuration(from)}, found ${formatDuration(until)}`,
    )
  }
  if (number(value['rate']) <= 0) complain('E025', `${path}.rate`, 'rate must be more than 0')
  return {
    name: String(value['name']),
    perSecond: number(value['rate']),
    poisson: value['arrival'] === 'poisson',
    from,
    until: Math.min(until, duration),
    ask: readAsk(value, path, complain),
  }
}

function buildServer(name: string, value: Fields, path: string, complain: Complain): ModelServer {
  return {
    name,
    latency: buildLatency(value['latency'], `${path}.latency`, complain),
    status: number(value['status']),
    slots: value['slots'] === undefined ? Number.POSITIVE_INFINITY : number(value['slots']),
    queue: value['queue'] === undefined ? Number.POSITIVE_INFINITY : number(value['queue']),
    noticesLeaving: value['noticesLeaving'] === true,
    failures: items(value['failures']).map((item, i) => buildFailure(fields(item), `${path}.failures.${i}`, complain)),
    calls: items(value['calls']).map((item, i) => {
      const call = fields(item)
      const at = `${path}.calls.${i}`
      const ask = readAsk(call, at, complain)
      if (typeof call['url'] === 'string' && call['url'].startsWith('/')) {
        complain(
          'E024',
          `${at}.url`,
          `url of a call must name a service, as in http://inventory/, found '${call['url']}'`,
        )
      }
      return { methods: items(call['methods']).map(String), ask }
    }),
  }
}

function buildFailure(value: Fields, path: string, complain: Complain): Failure {
  const { from, until, share, latency, status, grpc, fail } = value
  const endpoint = value['endpoint'] as HostPort | undefined
  if (number(until) <= number(from)) {
    const found = formatDuration(number(until))
    complain('E025', `${path}.until`, `until must be later than from, ${formatDuration(number(from))}, found ${found}`)
  }
  if ([latency, status, grpc, fail].every((each) => each === undefined)) {
    complain('E021', path, 'a failure must say what is different: latency, status, grpc or fail')
  }
  if (fail !== undefined && (status !== undefined || grpc !== undefined)) {
    complain('E028', `${path}.fail`, "'fail' and 'status' exclude each other: what fails has no answer")
  }
  return {
    from: number(from),
    until: number(until),
    share: number(share),
    endpoint: endpoint === undefined ? '' : addressOf(endpoint),
    latency: latency === undefined ? undefined : buildLatency(latency, `${path}.latency`, complain),
    status: status as number | undefined,
    grpc: grpc as number | undefined,
    fail: fail as Failure['fail'],
  }
}

function buildLatency(value: unknown, path: string, complain: Complain): Latency {
  if (typeof value === 'number') return { kind: 'constant', ms: value }
  if (Array.isArray(value)) return { kind: 'list', ms: value.map(number) }
  const { p50, p99, from, to, usual, rare, share } = fields(value)
  if (p50 !== undefined) {
    if (number(p99) < number(p50)) complain('E025', `${path}.p99`, 'p99 must be at least p50')
    return { kind: 'lognormal', p50: number(p50), p99: number(p99) }
  }
  if (from !== undefined) {
    if (number(to) < number(from)) complain('E025', `${path}.to`, 'to must be at least from')
    return { kind: 'uniform', from: number(from), to: number(to) }
  }
  return { kind: 'bimodal', usual: number(usual), rare: number(rare), share: number(share) }
}

function number(value: unknown): number {
  return value as number
}
