import type { Layer, RequestBody, RequestHead } from '../../src/core/exchange.ts'
import { ProxyError } from '../../src/core/errors.ts'
import { ForwardingBody, ForwardingHandler } from '../../src/core/forwarding.ts'
import { HeldBody, type Holder } from '../../src/core/held-body.ts'
import { refuse } from '../../src/core/refuse.ts'
import type { Clock, Timed, Timer } from '../../src/core/clock.ts'
import { contractSuite } from './suite.ts'

const REFUSED = new ProxyError('circuit_open', 'proxy', 'no', 'a test')

const forwarding: Layer = (next) => (request, response) =>
  new ForwardingBody(next(request, new ForwardingHandler(response)))

/** Holds each request for a while, then dispatches it or, every third one, refuses it. */
class Delay implements Holder, Timed {
  readonly body: HeldBody
  readonly #timer: Timer
  readonly #clock: Clock
  readonly #go: (held: HeldBody) => RequestBody | undefined

  constructor(clock: Clock, body: (holder: Holder) => HeldBody, go: (held: HeldBody) => RequestBody | undefined) {
    this.#clock = clock
    this.#go = go
    this.body = body(this)
    this.#timer = clock.schedule(25, this)
  }

  abandoned(): void {
    this.#clock.cancel(this.#timer)
  }

  expired(): void {
    const down = this.#go(this.body)
    if (down === undefined) this.body.refuse(REFUSED)
    else this.body.release(down)
  }
}

function holding(clock: Clock): Layer {
  let count = 0
  return (next) => (request: RequestHead, response) => {
    const refused = ++count % 3 === 0
    const go = (held: HeldBody) => (refused ? undefined : next(request, held.gate))
    return new Delay(clock, (holder) => new HeldBody(response, holder), go).body
  }
}

contractSuite('no layer at all', () => ({ layer: (next) => next }))
contractSuite('ForwardingHandler and ForwardingBody', () => ({ layer: forwarding }))
contractSuite('refuse()', () => ({ layer: () => (_request, response) => refuse(response, REFUSED) }), { runs: 500 })
contractSuite('a layer that holds requests in a HeldBody', ({ clock }) => ({ layer: holding(clock) }))
