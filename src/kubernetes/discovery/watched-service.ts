/** The slices of one Service as they are now, and who is told of them. */
import { ApiError } from '../api/api-error.ts'
import type { Watcher } from '../api/watch.ts'
import { addressesOf, type EndpointSlice, type SliceAddress } from './slices.ts'

export interface SliceListener {
  /** All there are from now on. */
  found(addresses: readonly SliceAddress[]): void
  /** What was found last still holds, says the API. */
  confirmed(): void
  /**
   * The API cannot be asked; what was found last stays. `delay` ms until the next try. `kind` is the status of a refusal, 0 where
   * there was no answer at all.
   */
  failed(cause: string, delay: number, kind: number): void
}

interface Follower {
  readonly port: string | number
  readonly listener: SliceListener
}

export class WatchedService implements Watcher<EndpointSlice> {
  readonly #followers = new Set<Follower>()
  /** undefined: the API has not said anything yet. */
  #slices: Map<string, EndpointSlice> | undefined
  /** undefined: the API can be asked. */
  #failure: Parameters<SliceListener['failed']> | undefined

  /** Nobody follows it any more. */
  get deserted(): boolean {
    return this.#followers.size === 0
  }

  /** Tells at once what is known, if anything is; the returned function ends it. */
  join(port: string | number, listener: SliceListener): () => void {
    const follower = { port, listener }
    this.#followers.add(follower)
    if (this.#slices !== undefined) tell(follower, this.#slices)
    if (this.#failure !== undefined) listener.failed(...this.#failure)
    return () => void this.#followers.delete(follower)
  }

  onSync(items: readonly EndpointSlice[]): void {
    this.#changed(new Map(items.map((slice) => [slice.metadata.name ?? '', slice])))
  }

  onChange(type: 'ADDED' | 'MODIFIED' | 'DELETED', slice: EndpointSlice): void {
    const slices = this.#slices ?? new Map<string, EndpointSlice>()
    const name = slice.metadata.name ?? ''
    if (type === 'DELETED') slices.delete(name)
    else slices.set(name, slice)
    this.#changed(slices)
  }

  /** Where nothing has changed meanwhile, nothing else would say that what was found last holds again. */
  onOpen(): void {
    if (this.#failure !== undefined && this.#slices !== undefined) this.#changed(this.#slices)
    else this.onBookmark()
  }

  onBookmark(): void {
    for (const { listener } of this.#followers) listener.confirmed()
  }

  onError(error: Error, delay: number): void {
    this.#failure = [error.message, delay, error instanceof ApiError ? error.status : 0]
    for (const { listener } of this.#followers) listener.failed(...this.#failure)
  }

  #changed(slices: Map<string, EndpointSlice>): void {
    this.#slices = slices
    this.#failure = undefined
    for (const follower of this.#followers) tell(follower, slices)
  }
}

function tell({ port, listener }: Follower, slices: ReadonlyMap<string, EndpointSlice>): void {
  listener.found(addressesOf(slices.values(), port))
}
