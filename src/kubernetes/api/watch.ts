/**
 * A list that is kept up to date: list, then watch from there, and again from where it broke. Bookmarks move the place
 * forward where nothing happens; a place that the API server has forgotten (410) means a new list. While the API is away
 * whoever listens keeps what it has: nothing is taken back.
 */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { ApiError, isStatus } from './api-error.ts'
import type { KubernetesApi, Query } from './client.ts'
import { linesOf } from './lines.ts'
import type { KubernetesObject } from './object.ts'
import { sleep } from './sleep.ts'

export interface Watcher<T> {
  /** The whole list: what is not in it is gone. At the start, and whenever the place was lost. */
  onSync(items: readonly T[]): void
  onChange(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void
  /** A watch stands: what was told is how things are, also where nothing changes after an `onError`. */
  onOpen?(): void
  /** Nothing has happened, says the API server, and that the watch is alive: about once a minute. */
  onBookmark?(): void
  /** The API is away, or refuses us; `delay` ms until the next try. */
  onError(error: Error, delay: number): void
}

export interface WatchOptions {
  /** `labelSelector`, `fieldSelector`. */
  readonly query?: Query
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/** s that the API server is asked to keep a watch, and up to a quarter more: the dice spread the ends of many sidecars. */
const WATCH_SECONDS = 240
/** Backoff between tries, ms. */
const BASE = 250
const MOST = 30_000
/** So many failures in a row, the last of them a refusal, mean a new list: the place itself may be what is refused. */
const STUBBORN = 3
/** A watch that lasted this long, ms, worked, though nothing may have happened in it. */
const STEADY = 5000

/** Resolves once `signal` says so; never rejects. */
export async function watch<T extends KubernetesObject>(
  api: KubernetesApi,
  path: string,
  watcher: Watcher<T>,
  options: WatchOptions,
): Promise<void> {
  const { clock, random, signal } = options
  let place = ''
  let failures = 0
  let forgotten = false
  while (!signal.aborted) {
    let failure: unknown
    let since = 0
    // A question that waited long and was refused then is no watch that worked: an API server with too much to do answers so.
    let stood = false
    try {
      if (place === '') {
        const { items, metadata } = await api.list<T>(path, options.query, signal)
        if (signal.aborted) return
        watcher.onSync(items)
        place = metadata.resourceVersion ?? ''
      }
      since = clock.now()
      const opened = (): void => {
        stood = true
      }
      const reached = (at: string): void => {
        place = at
        failures = 0
        forgotten = false
      }
      await follow(api, path, place, watcher, options, { opened, reached })
    } catch (error) {
      failure = error
    }
    if (signal.aborted) return
    const lasted = stood ? clock.now() - since : 0
    if (lasted >= STEADY) failures = 0
    // It ends a watch when its time is over. One that ended at once was a server going down.
    if (failure === undefined && lasted >= BASE) continue
    if (isStatus(failure, 410)) {
      place = ''
      // At once the first time; an API server that forgets every place is asked more and more seldom.
      if (!forgotten) {
        forgotten = true
        continue
      }
    }
    failures++
    if (failures >= STUBBORN && refusesUs(failure)) place = ''
    const most = Math.min(MOST, BASE * 2 ** Math.min(failures, 10))
    const delay = Math.round(most * (0.5 + random.fraction() / 2))
    if (failure !== undefined) watcher.onError(failure as Error, delay)
    await sleep(clock, delay, signal)
  }
}

/** An answer that is no word for "too busy": then lists would make it worse. */
function refusesUs(failure: unknown): boolean {
  return failure instanceof ApiError && failure.status !== 429 && failure.status !== 503
}

interface Event<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}

/** One connection's worth of events; resolves when the API server ended it in good order. */
async function follow<T extends KubernetesObject>(
  api: KubernetesApi,
  path: string,
  from: string,
  watcher: Watcher<T>,
  { query, random, signal }: WatchOptions,
  { opened, reached }: { opened(): void; reached(place: string): void },
): Promise<void> {
  const seconds = Math.round(WATCH_SECONDS * (1 + random.fraction() / 4))
  const asked = {
    ...query,
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: from,
    timeoutSeconds: `${seconds}`,
  }
  const stream = await api.stream(path, asked, signal)
  opened()
  watcher.onOpen?.()
  for await (const line of linesOf(stream)) {
    // What came in one piece with the line that made somebody stop it is nobody's any more.
    if (signal.aborted) return
    const { type, object } = JSON.parse(line) as Event<T>
    if (type === 'ERROR') throw errorOf(path, object)
    reached(object.metadata.resourceVersion ?? from)
    if (type === 'BOOKMARK') watcher.onBookmark?.()
    else watcher.onChange(type, object)
  }
}

function errorOf(path: string, status: unknown): ApiError {
  const { code = 500 } = status as { code?: number }
  return ApiError.of(`watch of ${path}`, code, JSON.stringify(status))
}
