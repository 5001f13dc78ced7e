/** Watches the policy files and says when they changed: an editor's save, a ConfigMap's `..data` swap, a new file. */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock, Timed, Timer } from '../core/clock.ts'

/** ms without a further event before the files are looked at: editors and kubelets write in several steps. */
const SETTLE = 250
/** ms between looks without an event: some file systems send none. */
const POLL = 5000

export class FileWatch implements Timed {
  readonly #paths: readonly string[]
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #watchers: FSWatcher[] = []
  #seen: string
  #timer: Timer | undefined

  /** `changed` is called when the files differ from what they were when it was called last. */
  constructor(paths: readonly string[], clock: Clock, changed: () => void) {
    this.#paths = paths
    this.#clock = clock
    this.#changed = changed
    this.#seen = signature(paths)
    for (const folder of new Set(paths.map(folderOf))) this.#watch(folder)
    this.#timer = clock.schedule(POLL, this)
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
    this.#clock.cancel(this.#timer)
    this.#timer = this.#clock.schedule(SETTLE, this)
  }

  expired(): void {
    this.#timer = this.#clock.schedule(POLL, this)
    const now = signature(this.#paths)
    if (now === this.#seen) return
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
function signature(paths: readonly string[]): string {
  const parts: string[] = []
  for (const path of paths) {
    for (const file of filesAt(path)) {
      try {
        const { ino, size, mtimeMs } = statSync(file)
        parts.push(`${file} ${ino} ${size} ${mtimeMs}`)
      } catch {
        parts.push(`${file} gone`)
      }
    }
  }
  return parts.join('\n')
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
