/** Random histories: whatever comes in whatever order, counts are right, nobody starves, nothing leaks. */
import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import type { RequestBody } from '../../../src/core/exchange.ts'
import type { Bulkhead } from '../../../src/policies/bulkhead/bulkhead.ts'
import { bulkhead } from '../../../src/policies/bulkhead/policy.ts'
import { Seeded } from '../../support/seeded.ts'
import { Client, requestHead, settled, testScope, Upstream } from '../../support/stubs.ts'

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')
const RESET = new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset')

interface Asked {
  readonly order: number
  readonly client: Client
  body: RequestBody | undefined
}

class History {
  readonly random: Seeded
  readonly scope = testScope()
  readonly upstream = new Upstream()
  readonly asked: Asked[] = []
  readonly limits: { maxConcurrent: number; maxQueue: number; maxStreams: number | undefined }
  readonly dispatch
  problems: string[] = []

  constructor(seed: number) {
    this.random = new Seeded(seed)
    const { random } = this
    this.limits = {
      maxConcurrent: random.between(1, 4),
      maxQueue: random.int(5),
      maxStreams: random.chance(0.5) ? random.between(1, 2) : undefined,
    }
    const parts = bulkhead.create({ ...this.limits, maxQueueWait: random.between(1, 60), per: 'service' }, this.scope)
    this.dispatch = parts.request!(this.upstream.dispatch)
  }

  get state(): Bulkhead {
    return this.scope.states.values().next().value as Bulkhead
  }

  ask(): void {
    const { random } = this
    const deadline = random.chance(0.3) ? this.scope.clock.now() + random.int(80) : Number.POSITIVE_INFINITY
    const upgrade = random.chance(0.2) ? 'websocket' : ''
    const asked: Asked = { order: this.asked.length, client: new Client(), body: undefined }
    this.asked.push(asked)
    if (random.chance(0.4)) asked.client.on = () => this.nested()
    asked.body = this.dispatch(requestHead({ deadline, upgrade, path: `/${asked.order}` }), asked.client)
    if (asked.client.log.length > 0) this.problems.push('an answer before dispatch returned')
    if (random.chance(0.5)) asked.body.end()
  }

  /** From inside a callback of another request. */
  nested(): void {
    if (this.random.chance(0.3)) this.ask()
    if (this.random.chance(0.3)) this.abort()
    if (this.random.chance(0.3)) this.upstreamMoves()
  }

  abort(): void {
    const asked = this.random.pick(this.asked)
    if (asked?.body === undefined || asked.client.over) return
    asked.body.abort(LEFT)
    if (!asked.client.over) this.problems.push('abort returned without fail')
  }

  upstreamMoves(): void {
    const { running } = this.upstream
    if (running.length === 0) return
    const call = this.random.pick(running)
    const dice = this.random.int(4)
    if (dice === 0) call.head(call.request.upgrade === '' ? 200 : 101)
    else if (dice === 1) call.finish()
    else if (dice === 2) call.break(RESET)
    else call.send('x')
  }

  step(): void {
    const dice = this.random.int(10)
    if (dice < 4) this.ask()
    else if (dice < 6) this.abort()
    else if (dice < 9) this.upstreamMoves()
    else this.scope.clock.advance(this.random.between(1, 30))
  }

  check(when: string): void {
    const { inflight, queued, streams } = this.state.snapshot()
    const { maxConcurrent, maxQueue, maxStreams = 0 } = this.limits
    const say = (what: string) => this.problems.push(`${when}: ${what} ${JSON.stringify(this.state.snapshot())}`)
    if (inflight < 0 || inflight > maxConcurrent) say('inflight')
    if (queued < 0 || inflight + queued > maxConcurrent + maxQueue) say('queued')
    if (streams < 0 || streams > maxStreams) say('streams')
    if (inflight + streams !== this.upstream.running.length) say(`${this.upstream.running.length} calls run, but`)
    for (const { client } of this.asked) {
      const terminals = client.log.filter((line) => line === 'end' || line.startsWith('fail ')).length
      if (terminals > 1) say('two terminals')
    }
  }

  /** What holds once refusals are delivered and free slots handed on. */
  checkSettled(when: string): void {
    this.check(when)
    const { inflight, queued } = this.state.snapshot()
    const waiting = this.asked.filter(({ client }) => !client.over).length - this.upstream.running.length
    if (waiting !== queued) this.problems.push(`${when}: ${waiting} wait, but ${queued} are queued`)
    if (queued > 0 && inflight < this.limits.maxConcurrent) this.problems.push(`${when}: a free slot, and one waits`)
  }
}

t.test('every history keeps its counts, its order and its ends', async (t) => {
  for (let seed = 1; seed <= 600; seed++) {
    const history = new History(seed)
    for (let i = 0; i < 60; i++) {
      history.step()
      history.check(`step ${i}`)
      if (history.random.chance(0.4)) {
        await settled()
        history.checkSettled(`step ${i}, settled`)
      }
    }
    for (const asked of history.asked) asked.client.on = () => {}
    while (history.upstream.running.length > 0 || history.state.snapshot().queued > 0) {
      for (const call of history.upstream.running) call.finish()
      await settled()
    }
    await settled()
    history.checkSettled('at the end')
    if (history.asked.some(({ client }) => !client.over)) history.problems.push('one never ended')
    const started = history.upstream.calls.map((call) => Number(call.request.target.slice(1)))
    const sorted = [...started].sort((a, b) => a - b)
    if (started.some((order, i) => order !== sorted[i])) history.problems.push(`not first in, first out: ${started}`)
    if (history.scope.clock.pending > 0) history.problems.push('a timer is left')
    if (history.problems.length > 0) {
      t.fail(`seed ${seed}`, { problems: history.problems.slice(0, 5) })
      return
    }
  }
  t.pass('600 histories of 60 steps')
})
