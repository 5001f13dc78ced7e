/** A request on its way down, of which only one thing matters: when all of it has gone. */
import { ForwardingBody, NO_BODY } from './forwarding.ts'
import type { Headers } from './headers.ts'

export interface WholeWatch {
  /** The request went down in full; told before its end goes on. */
  whole(): void
}

/** `down` is for whoever makes it to set, as of any ForwardingBody. */
export class WholeBody extends ForwardingBody {
  readonly #watch: WholeWatch

  constructor(watch: WholeWatch) {
    super(NO_BODY)
    this.#watch = watch
  }

  override end(trailers?: Headers): void {
    this.#watch.whole()
    this.down.end(trailers)
  }
}
