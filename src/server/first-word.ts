/**
 * The time in which a client says nothing. It has a moment to; then it is connected to where it would go, and whichever end
 * speaks first decides. Both have then the connection they would have without us, so there is no hurry any more.
 */
// cold file: once a connection
import { type Clock, TICK, type Timed, type Timer } from '../core/clock.ts'
import { afterReading } from '../net/after-reading.ts'
import type { Upstream, UpstreamWatcher } from '../opaque/upstream.ts'

/** ms for a client to say its first word before anybody else is connected to: most say it with their connection. */
const HEAD_START = 2 * TICK
/**
 * ms in which a client that has begun to speak has to have said what, and a silent one may go where nobody answers: within
 * 200, of which timers take up to two ticks of the wheel and the machine the rest.
 */
export const PATIENCE = 19 * TICK

export interface FirstWordOwner {
  /** The upstream speaks, and its client has not. What it says, which is borrowed, goes to whatever reader its reading has after this call. */
  serverSpoke(borrowed: Buffer): void
  /** Nothing more is to be waited for. */
  tooLate(): void
}

/**
 * - `fresh`: nobody is connected to yet.
 * - `detecting`: the client may still be about to say where else it wants to go.
 * - `open`: either end may speak whenever it likes.
 */
type Step = 'fresh' | 'detecting' | 'open'

export class FirstWord implements Timed, UpstreamWatcher {
  readonly #clock: Clock
  readonly #reach: () => Upstream | undefined
  readonly #owner: FirstWordOwner
  readonly #startedAt: number
  #step: Step
  #upstream: Upstream | undefined
  #timer: Timer
  /** The client has said something. */
  #begun: boolean
  #over: boolean

  /** `reach` connects; undefined: there is nowhere to. */
  constructor(clock: Clock, reach: () => Upstream | undefined, owner: FirstWordOwner) {
    this.#clock = clock
    this.#reach = reach
    this.#owner = owner
    this.#startedAt = clock.now()
    this.#step = 'fresh'
    this.#upstream = undefined
    this.#timer = clock.schedule(HEAD_START, this)
    this.#begun = false
    this.#over = false
  }

  get hasUpstream(): boolean {
    return this.#upstream !== undefined
  }

  /** The client has begun; more of it is needed to know what it says. */
  clientSpoke(): void {
    this.#begun = true
    if (this.#step !== 'open') return
    this.#step = 'detecting'
    this.#wait(PATIENCE)
  }

  /** It is decided: what there is of an upstream is the caller's. */
  leave(): Upstream | undefined {
    const upstream = this.#upstream
    this.#over = true
    this.#clock.cancel(this.#timer)
    if (upstream !== undefined) upstream.watcher = undefined
    return upstream
  }

  /** What the client has sent may be waiting in the kernel, where this process was late: it is read first. */
  expired(): void {
    afterReading(() => {
      if (!this.#over) this.#next()
    })
  }

  #next(): void {
    if (this.#step === 'fresh') this.#connect()
    else if (this.#step === 'detecting' && !this.#begun && this.#upstream?.isWell === true) this.#open(this.#upstream)
    else this.#owner.tooLate()
  }

  #connect(): void {
    const upstream = this.#reach()
    this.#step = 'detecting'
    this.#upstream = upstream
    if (upstream !== undefined) {
      upstream.watcher = this
      upstream.reading.reader = { receive: (borrowed) => this.#heard(upstream, borrowed) }
    }
    this.#wait(this.#startedAt + PATIENCE - this.#clock.now())
  }

  #open(upstream: Upstream): void {
    this.#step = 'open'
    this.#wait(upstream.since + upstream.target.idleTimeout - this.#clock.now())
  }

  #heard({ reading }: Upstream, borrowed: Buffer): void {
    const { reader } = reading
    this.#owner.serverSpoke(borrowed)
    // Where it is given up nobody reads it.
    if (reading.reader !== reader) reading.reader?.receive(borrowed)
  }

  #wait(ms: number): void {
    this.#clock.cancel(this.#timer)
    this.#timer = this.#clock.schedule(ms, this)
  }

  connected(): void {}

  ended(): void {
    this.gone()
  }

  /** Within the detection time it need not concern the client, which may want to go elsewhere. */
  gone(): void {
    if (this.#step === 'open') this.#owner.tooLate()
  }
}
