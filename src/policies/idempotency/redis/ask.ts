/** A question under way: once, within the store's timeout; or again and again, for somebody who waits for another's answer. */
import type { Clock, Timed, Timer } from '../../../core/clock.ts'
import type { Fate } from '../decide.ts'
import { type Asker, FAILED, IN_FLIGHT, type Lease, type Look, UNKNOWN } from '../store.ts'
import { decode } from './codec.ts'
import type { Done } from './connection.ts'

/** The store that is asked. */
export interface QuestionOwner {
  readonly clock: Clock
  /** ms for an answer. */
  readonly timeout: number
  token(): string
  /** Asks for the key with a new token. */
  ask(key: string, token: string, done: Done): void
  /** What became of a key. */
  tell(key: string, token: string, fate: Fate, answer: undefined): void
  leased(key: string, token: string): Lease
  answered(asker: Asker, look: Look): void
}

export interface Question {
  stop(): void
}

/** ms between two looks of somebody who waits: soon at first, for most requests are quick. */
const FIRST_PAUSE = 20
const LONGEST_PAUSE = 250

abstract class Asking implements Question, Timed {
  protected readonly store: QuestionOwner
  protected readonly key: string
  protected readonly asker: Asker
  protected timer: Timer | undefined
  protected over: boolean

  constructor(store: QuestionOwner, key: string, asker: Asker) {
    this.store = store
    this.key = key
    this.asker = asker
    this.timer = undefined
    this.over = false
  }

  abstract expired(): void
  protected abstract got(look: Look): void

  stop(): void {
    this.over = true
    this.store.clock.cancel(this.timer)
  }

  protected ask(): void {
    const token = this.store.token()
    this.store.ask(this.key, token, (value, error, sent) => {
      const word = error === '' ? wordOf(value) : ''
      if (this.over || word === '') {
        // Ours for all we know, and nobody here to use it: left alone it would run out and put the key in doubt.
        if (word === 'leased' || (word === '' && sent)) this.store.tell(this.key, token, 'free', undefined)
        if (!this.over) this.got(FAILED)
        return
      }
      this.got(this.#lookOf(word, value, token))
    })
  }

  #lookOf(word: string, value: unknown, token: string): Look {
    if (word === 'leased') return { found: 'leased', lease: this.store.leased(this.key, token) }
    if (word === 'in_flight') return IN_FLIGHT
    const answer = word === 'done' ? decode((value as Buffer[])[1] as Buffer) : undefined
    // Bytes that are no answer of ours: something was there, and what it was nobody knows.
    return answer === undefined ? UNKNOWN : { found: 'done', answer }
  }

  protected tell(look: Look): void {
    this.stop()
    this.store.answered(this.asker, look)
  }
}

export class Once extends Asking {
  constructor(store: QuestionOwner, key: string, asker: Asker) {
    super(store, key, asker)
    this.timer = store.clock.schedule(store.timeout, this)
    this.ask()
  }

  override expired(): void {
    this.tell(FAILED)
  }

  protected override got(look: Look): void {
    this.tell(look)
  }
}

/** Goes on while Redis does not answer: somebody else has the key, so neither going on nor giving up is ours to decide. */
export class Poll extends Asking {
  #pause: number

  constructor(store: QuestionOwner, key: string, asker: Asker) {
    super(store, key, asker)
    this.#pause = FIRST_PAUSE
    this.timer = store.clock.schedule(this.#pause, this)
  }

  override expired(): void {
    this.ask()
  }

  protected override got(look: Look): void {
    if (look.found !== 'in_flight' && look.found !== 'failed') {
      this.tell(look)
      return
    }
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 1.5)
    this.timer = this.store.clock.schedule(this.#pause, this)
  }
}

/** The first word of an answer; '' where it is none of ours. */
function wordOf(value: unknown): string {
  const first = Array.isArray(value) ? value[0] : undefined
  return first === undefined ? '' : String(first)
}
