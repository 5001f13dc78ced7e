/** The stream of events, and what is said of it: a page that shows old figures must not look as if they were new. */
import type { Ended, Frame, Hello } from '../live/frame.ts'
import { clock } from '../live/words.ts'
import { find, setClass, setText } from './dom.ts'

export interface Listener {
  hello(hello: Hello): void
  frame(frame: Frame): void
  ended(ended: Ended): void
}

/** ms without a frame after which the page is stale. */
const SILENCE = 3000
/**
 * ms without a frame after which the connection is given up: where the way has died without a word (a port-forward whose pod is gone, a
 * machine that slept) the browser would wait for ever.
 */
const PATIENCE = 10_000
/** ms until it is asked again where the browser itself has given up. */
const AGAIN = 2000

export class Link {
  readonly #listener: Listener
  readonly #said = find('#link')
  /** Wall time of the last frame. */
  #last = 0
  /** Wall time at which the stream was asked for. */
  #asked = 0
  #source: EventSource | undefined
  /** What the sidecar said when it refused. */
  #refused = ''

  constructor(listener: Listener) {
    this.#listener = listener
    this.#open()
    setInterval(() => this.#look(), 1000)
  }

  #look(): void {
    const heard = Math.max(this.#last, this.#asked)
    if (this.#source?.readyState !== EventSource.CLOSED && Date.now() - heard > PATIENCE) this.#open()
    this.#say()
  }

  #open(): void {
    this.#source?.close()
    const source = new EventSource('/events')
    this.#source = source
    this.#asked = Date.now()
    const on = <T>(name: string, told: (data: T) => void) =>
      source.addEventListener(name, (event) => told(JSON.parse((event as MessageEvent<string>).data) as T))
    on<Hello>('hello', (hello) => this.#listener.hello(hello))
    on<Ended>('ended', (ended) => this.#listener.ended(ended))
    on<Frame>('frame', (frame) => {
      this.#last = Date.now()
      this.#refused = ''
      this.#listener.frame(frame)
      this.#say()
    })
    source.addEventListener('error', () => {
      this.#say()
      // A connection that broke is tried again by the browser; an answer that was a refusal is not.
      if (source.readyState === EventSource.CLOSED) void this.#refusal()
    })
  }

  async #refusal(): Promise<void> {
    this.#refused = await why()
    this.#say()
    setTimeout(() => this.#open(), AGAIN)
  }

  #say(): void {
    const live = Date.now() - this.#last < SILENCE && this.#source?.readyState === EventSource.OPEN
    document.body.classList.toggle('stale', !live)
    setClass(this.#said, live ? 'link live' : 'link lost')
    if (live) setText(this.#said, 'live')
    else setText(this.#said, this.#stale())
  }

  #stale(): string {
    const since = this.#last === 0 ? 'not connected' : `stale since ${clock(this.#last, false)}`
    return this.#refused === '' ? `${since}, connecting` : `${since}: ${this.#refused}`
  }
}

/** Asks in a way that shows the answer, which EventSource keeps to itself; hangs up at once where it is a stream after all. */
async function why(): Promise<string> {
  const asked = new AbortController()
  try {
    const response = await fetch('/events', { signal: AbortSignal.any([asked.signal, AbortSignal.timeout(PATIENCE)]) })
    if (response.ok) return ''
    const { error } = (await response.json()) as { error?: { message?: string } }
    return error?.message ?? `status ${response.status}`
  } catch {
    return ''
  } finally {
    asked.abort()
  }
}
