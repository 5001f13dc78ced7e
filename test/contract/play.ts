/** Plays one history against one layer, and says what was wrong with it. */
import type { Layer } from '../../src/core/exchange.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Seeded } from '../support/seeded.ts'
import { Answerer, type AnswererCall } from './answerer.ts'
import { Asker } from './asker.ts'
import { checked } from './checked.ts'
import { makeRequest } from './exchanges.ts'
import type { AskerEvent, AskerReaction, Step } from './history.ts'
import { Ledger } from './ledger.ts'

/** What a subject is made of: everything that is not deterministic is handed in. */
export interface SubjectEnv {
  readonly clock: FakeClock
  readonly random: Seeded
  readonly ledger: Ledger
}

/** A layer under test, made anew for each history. */
export interface Subject {
  readonly layer: Layer
  /** What must hold once nothing runs any more (gauges at 0, buffers freed): one line per problem. */
  readonly atRest?: () => string[]
  /** Timers that stay when nothing runs; none unless said. */
  readonly standingTimers?: number
}

export type MakeSubject = (env: SubjectEnv) => Subject

/** After so many rounds everybody has had all the time to go on. */
const PATIENCE = 40

export class Play {
  readonly #seed: number
  readonly #env: SubjectEnv
  readonly #subject: Subject
  readonly #askers = new Map<number, Asker>()
  readonly #answerer: Answerer
  readonly #dispatch
  readonly #reactions = new Map<number, { event: AskerEvent; react: AskerReaction }[]>()

  constructor(seed: number, make: MakeSubject) {
    this.#seed = seed
    this.#env = { clock: new FakeClock(), random: new Seeded(seed ^ 0x5eed), ledger: new Ledger() }
    this.#subject = make(this.#env)
    this.#answerer = new Answerer((request) => {
      for (const asker of this.#askers.values()) if (asker.request.exchange === request.exchange) return asker
      return undefined
    })
    this.#dispatch = checked(this.#subject.layer, 'subject', this.#env.ledger)(this.#answerer.dispatch)
  }

  /** Everything that was wrong; empty when nothing was. */
  async run(steps: readonly Step[]): Promise<string[]> {
    const problems: string[] = []
    try {
      for (const step of steps) {
        await this.#step(step)
        this.#judgePauses(problems)
      }
      await this.#settle(problems)
    } catch (error) {
      problems.push(`threw ${error instanceof Error ? error.stack : String(error)}`)
    }
    const { ledger, clock } = this.#env
    problems.push(...ledger.breaches, ...this.#answerer.problems)
    for (const asker of this.#askers.values()) problems.push(...asker.problems.map((p) => `asker ${asker.who}: ${p}`))
    if (problems.length === 0) {
      problems.push(...ledger.leaks(), ...(this.#subject.atRest?.() ?? []))
      const standing = this.#subject.standingTimers ?? 0
      if (clock.pending > standing) problems.push(`${clock.pending} timers are still running`)
    }
    return problems
  }

  async #step(step: Step): Promise<void> {
    if (step.do === 'time') this.#env.clock.advance(step.ms)
    else if (step.do === 'microtasks') await this.#microtasks()
    else if (step.do === 'ask') this.#ask(step)
    else if (step.do === 'when answerer') this.#answerer.reactions.push({ event: step.event, react: step.react })
    else if (step.do === 'when asker') this.#reactionsOf(step.who).push({ event: step.event, react: step.react })
    else if ('who' in step) this.#askerStep(step, this.#askers.get(step.who))
    else this.#answererStep(step)
  }

  #reactionsOf(who: number): { event: AskerEvent; react: AskerReaction }[] {
    let list = this.#reactions.get(who)
    if (list === undefined) {
      list = []
      this.#reactions.set(who, list)
    }
    return list
  }

  #ask(step: Step & { do: 'ask' }): void {
    const now = this.#env.clock.now()
    const { who, method, length, upgrade } = step
    const request = makeRequest({ method, bodyLength: length, upgrade, now, deadline: now + step.deadline })
    const answers = (call: number) => this.#answerer.calls[call - 1] as AnswererCall
    request.attempt.startedAt = now
    const asker = new Asker(who, request, answers, this.#reactionsOf(who), (this.#seed + who) % 2 === 0)
    this.#askers.set(who, asker)
    asker.ask(this.#dispatch)
  }

  #askerStep(step: Step & { who: number }, asker: Asker | undefined): void {
    if (asker === undefined) return
    if (step.do === 'send') asker.send(step.size)
    else if (step.do === 'finish') asker.finish(step.trailers)
    else if (step.do === 'abort') asker.abort()
    else if (step.do === 'pause') asker.pause()
    else if (step.do === 'resume') asker.resume()
  }

  #answererStep(step: Step & { which: number }): void {
    const { running } = this.#answerer
    const call = running[step.which % running.length]
    if (call === undefined) return
    if (step.do === '1xx') call.early(step.status)
    else if (step.do === 'head') call.head(step.status, step.status === 204 ? -1 : step.length)
    else if (step.do === 'answer') call.answer(step.size)
    else if (step.do === 'done') call.done(step.trailers)
    else if (step.do === 'break') call.break(step.reason, step.retryable)
    else if (step.do === 'hold') call.hold()
    else if (step.do === 'go') call.go()
  }

  /** A pause must have reached whoever sends (G5). */
  #judgePauses(problems: string[]): void {
    for (const asker of this.#askers.values()) {
      if (asker.over) continue
      const calls = this.#answerer.running.filter((call) => call.request.exchange === asker.request.exchange)
      for (const call of calls) {
        if (asker.responsePaused && !call.responsePaused) {
          problems.push(`G5 asker ${asker.who} paused the answer, call ${call.number} was not told`)
        }
        if (call.requestPaused && !asker.requestPaused && !asker.ended) {
          problems.push(`G5 call ${call.number} paused the request, asker ${asker.who} was not told`)
        }
      }
    }
  }

  async #microtasks(): Promise<void> {
    for (let i = 0; i < 4; i++) await undefined
  }

  /** Lets everybody come to an end: nobody pauses, then requests become whole, then answers. A stall shows here. */
  async #settle(problems: string[]): Promise<void> {
    this.#answerer.reactions.length = 0
    for (const list of this.#reactions.values()) list.length = 0
    for (let round = 0; round < PATIENCE; round++) {
      for (const asker of this.#askers.values()) {
        if (asker.responsePaused) asker.resume()
        asker.finish(false)
      }
      for (const call of this.#answerer.running) {
        if (call.requestPaused) call.go()
        if (call.requestEnded && !call.responsePaused) call.done(false)
      }
      await this.#microtasks()
      const alone = this.#env.ledger.outliving.size > 0 && this.#answerer.running.length > 0
      if ([...this.#askers.values()].every((asker) => asker.over) && !alone) return
      this.#env.clock.advance(round < 30 ? 20 : 1000)
    }
    for (const asker of this.#askers.values()) if (!asker.over) problems.push(this.#stall(asker))
  }

  #stall(asker: Asker): string {
    const calls = this.#answerer.running.filter((call) => call.request.exchange === asker.request.exchange)
    const paused = asker.requestPaused ? ', its request paused' : ''
    const beneath = calls.map((call) => {
      const parts = [`call ${call.number}`]
      if (!call.requestEnded) parts.push('without the end of its request')
      if (call.responsePaused) parts.push('its answer paused')
      return parts.join(' ')
    })
    return `G5 asker ${asker.who} waits for ever${paused}; beneath: ${beneath.join(', ') || 'nothing runs'}`
  }
}
