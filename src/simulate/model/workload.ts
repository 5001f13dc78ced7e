/** A model at work. */
import { diceFor, numberOf } from '../dice.ts'
import { drawLatency } from '../latency.ts'
import {
  type Arrival,
  type Attempted,
  type Origin,
  type Plan,
  type ServerSettings,
  UNLIMITED,
  type Workload,
} from '../workload.ts'
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

const NOBODY_ASKED: Origin = { stream: -1, index: 0, nested: 0, round: 0, attempt: 1 }
/** More than an application makes for one request. */
const MOST_CALLS = 0x1_0000

const ELSEWHERE: Plan = { outcome: 'answer', after: 1, status: 200, grpcStatus: -1 }

function planOf(server: ModelServer | undefined, attempted: Attempted, seed: number): Plan {
  const { origin, number, service, now, endpoint, grpc } = attempted
  if (server === undefined) return { ...ELSEWHERE, grpcStatus: grpc ? 0 : -1 }
  const { stream, index, nested, round, attempt } = origin ?? NOBODY_ASKED
  const call = nested + round * MOST_CALLS
  const dice = diceFor(seed, stream, origin === undefined ? now : index, call, attempt, number, numberOf(service))
  // Cast whatever happens, so that an outage does not change the luck of those outside it.
  const usual = drawLatency(server.latency, dice)
  const failure = server.failures.find((each) => holds(each, now, endpoint) && dice.fraction() < each.share)
  if (failure === undefined) return { outcome: 'answer', after: usual, ...statusesOf(server.status, undefined, grpc) }
  const after = failure.latency === undefined ? usual : drawLatency(failure.latency, dice)
  return {
    outcome: failure.fail ?? 'answer',
    // Who takes no connection says so at once.
    after: failure.fail === 'refuse' && failure.latency === undefined ? 0 : after,
    ...statusesOf(failure.status ?? server.status, failure.grpc, grpc),
  }
}

/** `said`: the gRPC status. Without it, what is no 200 is an answer of HTTP alone, as of a balancer that stands before the server. */
function statusesOf(status: number, said: number | undefined, grpc: boolean): Pick<Plan, 'status' | 'grpcStatus'> {
  if (!grpc) return { status, grpcStatus: -1 }
  if (said !== undefined) return { status: 200, grpcStatus: said }
  return { status, grpcStatus: status === 200 ? 0 : -1 }
}

function holds({ from, until, endpoint }: Failure, now: number, at: string): boolean {
  return now >= from && now < until && (endpoint === '' || endpoint === at)
}
