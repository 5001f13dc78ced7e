/** Watches the policy files and says when they changed: an editor's save, a ConfigMap's `..data` swap, a new file. */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock, Timed, Timer } from '../core/clock.ts'

/**
 * ms for which the files must be the same before they are taken: editors and kubelets write in several steps. It is the files that count
 * and not the events, for a folder in which somebody writes all the time, a log for instance, is never quiet.
 */
const SETTLE = 250
/** ms between looks without an event: some file systems send none. */
const POLL = 5000

export class FileWatch implements Timed {
  readonly #paths: readonly string[]
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #watchers: FSWatcher[] = []
  /** As they were when they were read last. */
  #seen: string
  /** As they were at the last look. */
  #looked: string
  /** An event has come since the last look. */
  #told = false
  #timer: Timer | undefined

  /**
   * `changed` is called when the files differ from what they were when it was called last; before the first call, from `seen`, which is
   * `signature(paths)` from before they were read: taken later, it would hide what changed in between.
   */
  constructor(paths: readonly string[], seen: string, clock: Clock, changed: () => void) {
    this.#paths = paths
    this.#clock = clock
    this.#changed = changed
    this.#seen = seen
    this.#looked = seen
    for (const folder of new Set(paths.map(folderOf))) this.#watch(folder)
    this.#timer = clock.schedule(SETTLE, this)
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, () => this.#soon())
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    } catch {
      // No watch is to be had, for instance because the system has no more of them: the poll still sees changes.
    }
  }

  #soon(): void {
    if (this.#told) return
    this.#told = true
    this.#next(SETTLE)
  }

  #next(delay: number): void {
    this.#clock.cancel(this.#timer)
    this.#timer = this.#clock.schedule(delay, this)
  }

  expired(): void {
    this.#told = false
    const now = signature(this.#paths)
    const settled = now === this.#looked
    this.#looked = now
    this.#next(settled ? POLL : SETTLE)
    if (!settled || now === this.#seen) return
    this.#seen = now
    this.#changed()
  }

  close(): void {
    this.#clock.cancel(this.#timer)
    for (const watcher of this.#watchers) watcher.close()
  }
}

function folderOf(path: string): string {
  try {
    return statSync(path).isDirectory() ? path : dirname(path)
  } catch {
    return dirname(path)
  }
}

/** Which files there are, and what tells one version of them from another. Links are followed. */
export function signature(paths: readonly string[]): string {
  return paths.map(signatureOf).join('\n')
}

/** Of one path: a line of `signature`, or several. */
export function signatureOf(path: string): string {
  return filesAt(path).map(versionOf).join('\n')
}

function versionOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file)
    return `${file} ${ino} ${size} ${mtimeMs}`
  } catch {
    return `${file} gone`
  }
}

function filesAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path)
      .filter((name) => !name.startsWith('.') && /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(path, name))
  } catch {
    return [path]
  }
}
