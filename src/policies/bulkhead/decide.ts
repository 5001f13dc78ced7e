/** Who may go, who waits, who is turned away: counts and rules, no callbacks. */

export type Verdict = 'run' | 'wait' | 'full'

/** The counts of one bulkhead. */
export class Slots {
  readonly limit: number
  readonly maxQueue: number
  /** 0: streams have no places of their own. */
  readonly maxStreams: number
  inflight: number
  queued: number
  streams: number

  constructor(limit: number, maxQueue: number, maxStreams: number) {
    this.limit = limit
    this.maxQueue = maxQueue
    this.maxStreams = maxStreams
    this.inflight = 0
    this.queued = 0
    this.streams = 0
  }

  /**
   * Takes a slot or a place in the queue. A slot that is free while others still wait is theirs (first in, first out);
   * it does not count against the queue, so that a burst is not turned away from a bulkhead with room.
   */
  enter(): Verdict {
    if (this.queued === 0 && this.inflight < this.limit) {
      this.inflight++
      return 'run'
    }
    if (this.inflight + this.queued < this.limit + this.maxQueue) {
      this.queued++
      return 'wait'
    }
    return 'full'
  }

  /** The first of the queue takes a free slot; false when nobody waits or none is free. */
  promote(): boolean {
    if (this.queued === 0 || this.inflight >= this.limit) return false
    this.queued--
    this.inflight++
    return true
  }

  /** Takes a place for a stream. */
  enterStream(): boolean {
    if (this.streams >= this.maxStreams) return false
    this.streams++
    return true
  }

  /** Would a request run at once? */
  get free(): boolean {
    return this.queued === 0 && this.inflight < this.limit
  }

  get empty(): boolean {
    return this.inflight === 0 && this.queued === 0 && this.streams === 0
  }
}

/** ms a request may wait: at most until its deadline, which the reason then names. */
export function waitBound(now: number, deadline: number, maxQueueWait: number): number {
  const left = deadline - now
  return left < maxQueueWait ? Math.max(0, left) : maxQueueWait
}
