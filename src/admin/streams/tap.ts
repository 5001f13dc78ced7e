/**
 * `GET /tap`: every exchange that fits, as it ends, a line of JSON each. Nobody there costs nothing. Lines wait for a beat and are
 * written together; a tap has room for one beat of them, so neither a reader that is slow nor traffic that is fast ever
 * holds up a request: what finds no room is lost, counted, and told by a line of its own.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { type End, type EndListener, recordOf } from '../../telemetry/index.ts'
import { type Answer, refusal } from '../answer.ts'
import type { AdminSource } from '../source.ts'
import { matches, type TapFilter } from '../tap/filter.ts'
import { readFilter } from '../tap/read-filter.ts'
import { LINE_STREAM, type Stream } from './stream.ts'

/** Each looks at every exchange. */
export const MOST_TAPS = 4
/** ms between two writes. */
const BEAT = 100
/** Beats, a minute, after which a reader that takes nothing makes room for another. */
const PATIENCE = 600
/** Lines a beat, 1 000 a second: more than anybody reads, and little enough that making them is not felt. */
export const LINES = 100

export class Taps implements Stream {
  readonly #clock: Clock
  readonly #source: AdminSource
  #open: number

  constructor(clock: Clock, source: AdminSource) {
    this.#clock = clock
    this.#source = source
    this.#open = 0
  }

  join(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    const target = request.url ?? ''
    const mark = target.indexOf('?')
    const filter = readFilter(new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)), (field) => field)
    if (typeof filter === 'string') return refusal(400, 'bad_query', filter)
    if (this.#open >= MOST_TAPS) {
      return refusal(503, 'too_many_streams', `${MOST_TAPS} taps are open, and no more are given`)
    }
    this.#open++
    response.writeHead(200, LINE_STREAM).flushHeaders()
    const tap = new Tap(response, filter, this.#clock, this.#source.paths)
    const leave = this.#source.tap(tap)
    response.once('close', () => {
      this.#open--
      leave()
      tap.close()
    })
    return undefined
  }
}

class Tap implements EndListener, Timed {
  readonly #response: ServerResponse
  readonly #filter: TapFilter
  readonly #clock: Clock
  readonly #withRequest: boolean
  #waiting: string[]
  /** Lines that are still wanted. */
  #wanted: number
  /** Since it was last told. */
  #lost: number
  /** Beats since the reader has taken anything. */
  #stalled: number
  #timer: Timer | undefined

  constructor(response: ServerResponse, filter: TapFilter, clock: Clock, withRequest: boolean) {
    this.#response = response
    this.#filter = filter
    this.#clock = clock
    this.#withRequest = withRequest
    this.#waiting = []
    this.#wanted = filter.limit
    this.#lost = 0
    this.#stalled = 0
    this.#timer = undefined
  }

  exchangeEnded(end: End): void {
    if (!matches(this.#filter, end)) return
    if (this.#wanted === 0) return
    this.#timer ??= this.#clock.schedule(BEAT, this)
    if (this.#waiting.length === LINES) {
      this.#lost++
      return
    }
    this.#wanted--
    this.#waiting.push(`${JSON.stringify(recordOf(end, this.#withRequest))}\n`)
  }

  /** While what was written last is not out, what waits goes on waiting. */
  expired(): void {
    const response = this.#response
    this.#timer = undefined
    if (response.writableLength > 0) {
      if (++this.#stalled >= PATIENCE) return void response.destroy()
      this.#timer = this.#clock.schedule(BEAT, this)
      return
    }
    this.#stalled = 0
    const lost = this.#lost === 0 ? '' : `${JSON.stringify({ lost: this.#lost })}\n`
    const text = `${this.#waiting.join('')}${lost}`
    this.#waiting = []
    this.#lost = 0
    if (this.#wanted === 0) response.end(text)
    else response.write(text)
  }

  /** The reader has left. */
  close(): void {
    this.#clock.cancel(this.#timer)
  }
}
