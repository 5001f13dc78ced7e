/** When the process has more than it can do, and what it does then: arithmetic only. */

/** What one window of a second saw. */
export interface Signals {
  /** ms that timers came late: the median. */
  readonly lag: number
  /** Of V8's limit, 0…1. */
  readonly heap: number
  /** Of what the container may take, 0…1; 0 where it has no limit. */
  readonly memory: number
  /** Of `limits.maxConnections`, of the fullest listener, 0…1. */
  readonly connections: number
}

/** ms from which requests are refused, until which they are, and at which most of them are. */
export const LAG = { from: 500, until: 250, most: 2000 }
/** Windows in a row: a busy machine stalls any process for a moment. */
const LAG_WINDOWS = 5
/** Shares of the requests. Never all: somebody has to find out that it is over. */
const FEWEST = 0.1
const MOST = 0.9

/** Of heap and memory: from which connections are not kept any longer, and until which. */
const CLOSE = { from: 0.92, until: 0.88 }
/** The same of requests that are refused, all of them. */
const REFUSE = { from: 0.95, until: 0.92 }
/** Of connections: from which they are not kept any longer. The listener itself closes those above the limit. */
const CROWDED = { from: 0.95, until: 0.9 }
const SPACE_WINDOWS = 2

/** On once it was at or above `from` for some windows in a row, off as soon as it is below `until`. */
class Switch {
  readonly #from: number
  readonly #until: number
  readonly #windows: number
  #row: number
  on: boolean

  constructor({ from, until }: { readonly from: number; readonly until: number }, windows: number) {
    this.#from = from
    this.#until = until
    this.#windows = windows
    this.#row = 0
    this.on = false
  }

  learn(value: number): void {
    this.#row = value >= this.#from ? this.#row + 1 : 0
    this.on = this.on ? value >= this.#until : this.#row >= this.#windows
  }
}

export class Judge {
  readonly #lag = new Switch(LAG, LAG_WINDOWS)
  readonly #heapCloses = new Switch(CLOSE, SPACE_WINDOWS)
  readonly #heapRefuses = new Switch(REFUSE, SPACE_WINDOWS)
  readonly #memoryCloses = new Switch(CLOSE, SPACE_WINDOWS)
  readonly #memoryRefuses = new Switch(REFUSE, SPACE_WINDOWS)
  readonly #crowded = new Switch(CROWDED, SPACE_WINDOWS)
  /** Of new requests, that are refused: 0…1. */
  share: number
  /** HTTP/1.1 connections end after their answer. */
  closing: boolean

  constructor() {
    this.share = 0
    this.closing = false
  }

  learn({ lag, heap, memory, connections }: Signals): void {
    this.#lag.learn(lag)
    this.#heapCloses.learn(heap)
    this.#heapRefuses.learn(heap)
    this.#memoryCloses.learn(memory)
    this.#memoryRefuses.learn(memory)
    this.#crowded.learn(connections)
    const late = this.#lag.on ? shareOf(lag) : 0
    this.share = this.#heapRefuses.on || this.#memoryRefuses.on ? 1 : late
    this.closing = this.#heapCloses.on || this.#memoryCloses.on || this.#crowded.on
  }
}

/** More, the later timers come. */
export function shareOf(lag: number): number {
  const share = (lag - LAG.from) / (LAG.most - LAG.from)
  return Math.min(MOST, Math.max(FEWEST, share))
}

/** The middle one of a few; of an even number the lower one of both. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] ?? 0
}
