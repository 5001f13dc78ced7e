/**
 * Gives memory back that the process no longer needs, see docs/decisions/0058-memory-given-back.md. After a burst V8 keeps
 * half-empty pages, and the allocator of the C library all that compilers and bodies once took: together they are more than
 * what the sidecar needs, once per pod.
 */
// cold file: runs four times per second
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { Giving, PERIOD, type Step } from './decide.ts'

export interface Process {
  /** CPU µs of all threads since the start. */
  cpu(): number
  /** Bytes, without pages of files. */
  held(): number
  /** Begins to collect all garbage; it is done by the time of the next look. */
  collect(): void
  /** Collects it at once, and gives up what would be kept for later, fast code as well. */
  purge(): void
  /** Hands free memory of the C library to the system. */
  trim(): void
  /** Lets go of pages of files. */
  drop(): void
}

export class GivingBack implements Timed {
  readonly #clock: Clock
  readonly #process: Process
  readonly #giving = new Giving()
  #at = 0
  #cpu = 0
  #timer: Timer | undefined

  constructor(clock: Clock, process: Process) {
    this.#clock = clock
    this.#process = process
  }

  start(): void {
    this.#at = this.#clock.now()
    this.#cpu = this.#process.cpu()
    this.#timer = this.#clock.schedule(PERIOD, this)
  }

  stop(): void {
    this.#clock.cancel(this.#timer)
  }

  expired(): void {
    const at = this.#clock.now()
    const cpu = (this.#process.cpu() - this.#cpu) / 1000 / Math.max(1, at - this.#at)
    const step = this.#giving.next({ at, cpu, held: this.#process.held() })
    if (step !== 'nothing') this.#take(step, at)
    // What the step itself cost is no work and does not count against calm.
    this.start()
  }

  #take(step: Step, at: number): void {
    if (step === 'collect') this.#process.collect()
    else if (step === 'purge') this.#process.purge()
    this.#process.trim()
    if (this.#giving.drops(step, at)) this.#process.drop()
    this.#giving.done(step, at, this.#process.held())
  }
}
