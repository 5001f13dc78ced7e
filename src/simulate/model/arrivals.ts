/** When requests are due: the timetable does not ask how the last one went. */
import type { Random } from '../../core/random.ts'
import { diceFor } from '../dice.ts'
import type { Arrival } from '../workload.ts'
import type { Stream } from './model.ts'

class Timetable {
  readonly stream: Stream
  readonly number: number
  readonly #offset: number
  readonly #gap: number
  readonly #dice: Random | undefined
  index = 0
  next: number

  constructor(stream: Stream, number: number, all: number, seed: number) {
    this.stream = stream
    this.number = number
    this.#gap = 1000 / stream.perSecond
    // Even streams are set apart, so that they do not come in pairs.
    this.#offset = stream.from + (this.#gap * number) / all
    this.#dice = stream.poisson ? diceFor(seed, number, 0xa881) : undefined
    this.next = this.#dice === undefined ? this.#offset : stream.from + this.#wait(this.#dice)
  }

  advance(): void {
    this.index++
    // Multiplied, not summed: after a day an even timetable is still exact.
    if (this.#dice === undefined) this.next = this.#offset + this.index * this.#gap
    else this.next += this.#wait(this.#dice)
  }

  /** As of independent users. */
  #wait(dice: Random): number {
    return -Math.log(1 - dice.fraction()) * this.#gap
  }
}

/** All streams, in order of time. */
export function* arrivalsOf(streams: readonly Stream[], seed: number): Generator<Arrival> {
  const tables = streams.map((stream, i) => new Timetable(stream, i, streams.length, seed))
  for (;;) {
    let first: Timetable | undefined
    for (const table of tables) {
      if (table.next < table.stream.until && (first === undefined || table.next < first.next)) first = table
    }
    if (first === undefined) return
    const { next: at, number: stream, index } = first
    yield { at, stream, index, asked: first.stream.ask(index) }
    first.advance()
  }
}
