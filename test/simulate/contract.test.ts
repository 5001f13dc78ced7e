/** What the simulation puts above and beneath the real layers keeps the contract they rely on. */
import t from 'tap'
import { ProxyError } from '../../src/core/errors.ts'
import type { ResponseHandler } from '../../src/core/exchange.ts'
import { Engine } from '../../src/simulate/engine.ts'
import { SimulatedEndpoint } from '../../src/simulate/endpoint.ts'
import { Recorder } from '../../src/simulate/record/recorder.ts'
import { Timeline } from '../../src/simulate/record/timeline.ts'
import { Server } from '../../src/simulate/server.ts'
import type { Plan } from '../../src/simulate/workload.ts'
import { checkedDispatch } from '../contract/checked.ts'
import { Ledger } from '../contract/ledger.ts'
import { contractSuite } from '../contract/suite.ts'
import { Seeded } from '../support/seeded.ts'
import { requestHead } from '../support/stubs.ts'

const recorder = (): Recorder => new Recorder(() => 0, new Timeline(1000))

contractSuite('simulation, exchange', () => ({ layer: recorder().exchange }), { runs: 300 })
contractSuite('simulation, attempt', () => ({ layer: recorder().attempt }), { runs: 300 })

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', '')
const LIMITS = { maxHeaderBytes: 65536, maxHeaders: 200 }
const OUTCOMES = ['answer', 'answer', 'answer', 'reset', 'refuse', 'silent', 'blackhole'] as const

/** One asker that may leave at any time, also from inside of a callback. */
function asker(random: Seeded, leave: () => void, told: string[]): ResponseHandler {
  const maybe = (): void => {
    if (random.chance(0.1)) leave()
  }
  return {
    informational() {},
    head: maybe,
    data: maybe,
    end: () => void told.push('end'),
    fail: ({ reason }) => void told.push(reason),
    pauseRequest() {},
    resumeRequest() {},
  }
}

t.test('A simulated endpoint keeps the contract, whatever it is to do and whoever leaves', async (t) => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Seeded(seed)
    const ledger = new Ledger()
    const engine = new Engine(0)
    const context = { clock: engine, random, violation() {}, defect() {} }
    const slots = random.chance(0.5) ? 2 : Number.POSITIVE_INFINITY
    const settings = { slots, queue: random.int(3), noticesLeaving: random.chance(0.5), calls: [] }
    const server = new Server(settings, engine, () => () => {})
    const plan = (): Plan => {
      const grpcStatus = random.chance(0.2) ? 14 : -1
      return { outcome: random.pick(OUTCOMES), after: random.int(30), status: random.pick([200, 204, 503]), grpcStatus }
    }
    const connections = { maxPerEndpoint: 3, idle: 20, maxAge: 1000, http2Streams: 10 }
    const how = { limits: LIMITS, believesPeer: false, protocol: 'auto', hostHeader: 'keep', tls: undefined } as const
    const conduct = { server, plan, reached() {} }
    const endpoint = new SimulatedEndpoint('127.0.0.1', 1, 1, { ...connections, ...how }, context, conduct)
    const dispatch = checkedDispatch((request, response) => endpoint.dispatch(request, response), 'endpoint', ledger)
    const ends: string[][] = []
    for (let i = 0; i < 20; i++) {
      const told: string[] = []
      ends.push(told)
      engine.at(random.int(50), () => {
        const request = requestHead({ method: random.pick(['GET', 'HEAD', 'POST']), endpoint })
        request.attempt.connectTimeout = random.pick([10, 40])
        let leave = (): void => {}
        const body = dispatch(
          request,
          asker(random, () => leave(), told),
        )
        leave = () => body.abort(LEFT)
        engine.at(random.int(100), () => body.end())
        engine.at(200 + random.int(50), leave)
        if (random.chance(0.3)) engine.at(random.int(100), leave)
      })
    }
    await engine.run(() => false)
    t.same([...ledger.breaches, ...ledger.leaks()], [], `seed ${seed}`)
    t.ok(
      ends.every((told) => told.length === 1),
      `each asker of seed ${seed} is told one end`,
    )
    t.equal(endpoint.active, 0, `nothing is left in flight of seed ${seed}`)
  }
})
