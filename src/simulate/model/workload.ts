/** A model at work. */
import { diceFor, numberOf } from '../dice.ts'
import { drawLatency } from '../latency.ts'
import { type Arrival, type Attempted, type Plan, type ServerSettings, UNLIMITED, type Workload } from '../workload.ts'
import { arrivalsOf } from './arrivals.ts'
import type { Failure, Model, ModelServer } from './model.ts'

/** `seed` wins over the model's own. */
export function workloadOf(model: Model, seed = model.seed): Workload {
  const { name, start, duration, phases, streams, servers, notes } = model
  return {
    name,
    seed,
    start,
    duration,
    phases,
    streams: streams.map((stream) => stream.name),
    notes,
    arrivals: (): Iterator<Arrival> => arrivalsOf(streams, seed),
    server: (service) => settingsOf(servers.get(service)),
    plan: (attempted) => planOf(servers.get(attempted.service), attempted, seed),
  }
}

function settingsOf(server: ModelServer | undefined): ServerSettings {
  if (server === undefined) return UNLIMITED
  const { slots, queue, noticesLeaving, calls } = server
  return { slots, queue, noticesLeaving, calls: calls.map(({ methods, ask }) => ({ methods, asked: ask })) }
}

const ELSEWHERE: Plan = { outcome: 'answer', after: 1, status: 200, grpcStatus: -1 }

function planOf(server: ModelServer | undefined, attempted: Attempted, seed: number): Plan {
  const grpcStatus = attempted.grpc ? 0 : -1
  if (server === undefined) return { ...ELSEWHERE, grpcStatus }
  const { origin, number, service, now, endpoint } = attempted
  const { stream, index, nested, attempt } = origin ?? { stream: -1, index: now, nested: 0, attempt: 1 }
  const dice = diceFor(seed, stream, index, nested, attempt, number, numberOf(service))
  // Cast whatever happens, so that an outage does not change the luck of those outside it.
  const usual = drawLatency(server.latency, dice)
  const failure = server.failures.find((each) => holds(each, now, endpoint) && dice.fraction() < each.share)
  if (failure === undefined) return { outcome: 'answer', after: usual, status: server.status, grpcStatus }
  const after = failure.latency === undefined ? usual : drawLatency(failure.latency, dice)
  return {
    outcome: failure.fail ?? 'answer',
    // Who takes no connection says so at once.
    after: failure.fail === 'refuse' && failure.latency === undefined ? 0 : after,
    status: failure.status ?? (attempted.grpc ? 200 : server.status),
    grpcStatus: failure.grpc === undefined || !attempted.grpc ? grpcStatus : failure.grpc,
  }
}

function holds({ from, until, endpoint }: Failure, now: number, at: string): boolean {
  return now >= from && now < until && (endpoint === '' || endpoint === at)
}
