/**
 * `GET /events`: once a second how things stand, to everybody who watches. One timer for all of them, started with the first and
 * stopped with the last; each frame is made once. A reader that is slow misses frames, never the counting.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { type Answer, refusal } from '../answer.ts'
import type { Hello } from '../page/live/frame.ts'
import { whyReadOnly } from '../protect.ts'
import type { AdminSource } from '../source.ts'
import { EVENT_STREAM, event, type Stream } from './stream.ts'

/** ms between frames. */
const EVERY = 1000
/** Frames, a minute, after which a reader that takes nothing makes room for another. */
const PATIENCE = 60
/** Whoever needs more than these watches something else than a sidecar. */
export const MOST_STREAMS = 16

interface Watcher {
  readonly response: ServerResponse
  /** How many exchanges that were not plain it was told of, those before it came among them. */
  seen: number
  /** Frames since it has taken anything. */
  stalled: number
}

export class Events implements Stream, Timed {
  readonly #clock: Clock
  readonly #source: AdminSource
  /** ms since 1970. */
  readonly #startedAt: number
  readonly #watchers = new Set<Watcher>()
  #timer: Timer | undefined = undefined

  constructor(clock: Clock, source: AdminSource) {
    this.#clock = clock
    this.#source = source
    this.#startedAt = clock.wallTime()
  }

  /** Streams that are open. */
  get open(): number {
    return this.#watchers.size
  }

  join(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    if (this.#watchers.size >= MOST_STREAMS) {
      return refusal(503, 'too_many_streams', `${MOST_STREAMS} streams of events are open, and no more are given`)
    }
    const watcher: Watcher = { response, seen: 0, stalled: 0 }
    const readOnly = whyReadOnly(request)?.message ?? ''
    const hello: Hello = { readOnly, paths: this.#source.paths, startedAt: this.#startedAt }
    const frame = this.#frame()
    // `retry`: ms after which a browser that lost us asks again.
    response.writeHead(200, EVENT_STREAM).write(`retry: 1000\n${event('hello', hello)}`)
    this.#tell(watcher, frame, true)
    this.#watchers.add(watcher)
    response.once('close', () => this.#leave(watcher))
    this.#timer ??= this.#clock.schedule(EVERY, this)
    return undefined
  }

  expired(): void {
    this.#timer = this.#clock.schedule(EVERY, this)
    const frame = this.#frame()
    for (const watcher of this.#watchers) this.#tell(watcher, frame, false)
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    if (this.#watchers.size > 0) return
    this.#clock.cancel(this.#timer)
    this.#timer = undefined
  }

  #frame(): string {
    return event('frame', this.#source.frame())
  }

  /** What did not get out yet is all that is kept for a slow reader. */
  #tell(watcher: Watcher, frame: string, first: boolean): void {
    const { response, seen } = watcher
    if (response.writableLength > 0 && !first) {
      if (++watcher.stalled >= PATIENCE) response.destroy()
      return
    }
    watcher.stalled = 0
    const ended = this.#source.ended(seen)
    watcher.seen = ended.count
    response.write(ended.count === seen && !first ? frame : `${frame}${event('ended', ended)}`)
  }
}
