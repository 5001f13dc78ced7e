/** One policy under one workload: everything that clients, the sidecar and the upstreams would have seen. */
import type { Config } from '../config/model.ts'
import { GRPC_STATUS } from '../core/grpc-status.ts'
import type { IncomingConnection } from '../http/server-side.ts'
import { type Accept, type Answered, Caller } from './caller.ts'
import { diceFor } from './dice.ts'
import { Engine } from './engine.ts'
import { Recorder } from './record/recorder.ts'
import { Samples } from './record/samples.ts'
import { Timeline } from './record/timeline.ts'
import { SimulatedSidecar } from './sidecar.ts'
import type { Arrival, Asked, Workload } from './workload.ts'

export interface Simulation {
  readonly workload: Workload
  readonly samples: Samples
  readonly recorder: Recorder
  readonly timeline: Timeline
  /** Per phase: the most of our application's slots that were busy, and the most that waited for one. */
  readonly application: readonly { readonly busy: number; readonly waiting: number }[]
  /** Requests that had no answer when the simulation was given up, long after the last had been sent; among the samples. */
  readonly unanswered: number
  /** ms after the start: the moment of the last answer. */
  readonly endedAt: number
}

/** After the last request: longer than our own idle timeout. Whoever has no answer then waits for ever, ms. */
const PATIENCE = 600_000

/** `interval`: ms of one row of the time line. */
export async function simulate(config: Config, workload: Workload, interval: number): Promise<Simulation> {
  const engine = new Engine(workload.start)
  const timeline = new Timeline(interval)
  const recorder = new Recorder(() => engine.now(), timeline)
  const samples = new Samples()
  const connections = new Connections()
  const open = new Set<Arrival>()
  const sidecar = new SimulatedSidecar(
    config,
    workload,
    engine,
    diceFor(workload.seed),
    recorder,
    (asked, its, done) => {
      const answered = (answer: Answered): void => done(httpStatusOf(answer), answer.failure)
      const caller = new Caller(engine, sidecar.outbound, connections.of(asked.peer), asked, its, answered)
      sidecar.look()
      return () => caller.giveUp()
    },
  )
  const entrance = (asked: Asked): Accept => (asked.direction === 'inbound' ? sidecar.inbound : sidecar.outbound)
  const send = (arrival: Arrival): void => {
    const { at, stream, index, asked } = arrival
    open.add(arrival)
    const origin = { stream, index, nested: 0, round: 0, attempt: 1 }
    new Caller(engine, entrance(asked), connections.of(asked.peer), asked, origin, (answered) => {
      open.delete(arrival)
      samples.add(at, stream, answered)
    })
    sidecar.look()
  }

  const { slots } = sidecar.services.server
  const application: { busy: number; waiting: number }[] = []
  const phaseOver = (): void => {
    application.push({ busy: slots.peak, waiting: slots.peakWaiting })
    slots.resetPeak()
  }
  for (const phase of workload.phases.slice(0, -1)) {
    engine.at(phase.until, () => {
      phaseOver()
      recorder.nextPhase()
    })
  }
  const arrivals = workload.arrivals()
  let all = false
  const next = (): void => {
    const { value, done } = arrivals.next()
    if (done === true) all = true
    else
      engine.at(value.at, () => {
        // The next is announced first: what this one sets off at the same moment comes behind it.
        next()
        send(value)
      })
  }
  next()
  let ended = false
  engine.at(workload.duration, () => {
    ended = true
  })
  let givenUp = false
  engine.at(workload.duration + PATIENCE, () => {
    givenUp = true
  })
  await engine.run(() => (ended && all && open.size === 0) || givenUp)
  phaseOver()
  const endedAt = engine.now()
  for (const { at, stream } of open) samples.add(at, stream, noAnswer(endedAt - at))
  return { workload, samples, recorder, timeline, application, unanswered: open.size, endedAt }
}

/** Of a request that waits for ever: it is none the less one that was sent, and that did not go well. */
function noAnswer(took: number): Answered {
  return { status: 0, grpcStatus: -1, reason: '', failure: 'no answer', refused: false, tries: 1, took }
}

/** What a call came to, said in HTTP: a gRPC one fails with 200. */
function httpStatusOf({ status, grpcStatus }: Answered): number {
  if (grpcStatus <= 0) return status
  const name = GRPC_STATUS[grpcStatus]
  return name === 'DEADLINE_EXCEEDED' ? 504 : name === 'UNAVAILABLE' ? 503 : 502
}

/** Clients by their address. Each keeps one connection, which is as many as need telling apart. */
class Connections {
  readonly #made = new Map<string, IncomingConnection>()

  of(peer: string): IncomingConnection {
    let connection = this.#made.get(peer)
    if (connection === undefined) {
      connection = {
        peerAddress: peer,
        peerPort: 40_000,
        secure: false,
        busy: false,
        announces: false,
        drain() {},
        destroy() {},
      }
      this.#made.set(peer, connection)
    }
    return connection
  }
}
