/** Who may call what. */
import { PathPattern } from '../../core/path-pattern.ts'

/** One alternative, as a file states it; a field left out asks for nothing. */
export interface Allowed {
  readonly source?: readonly string[] | undefined
  readonly methods?: readonly string[] | undefined
  readonly paths?: readonly string[] | undefined
}

/** `unauthorized`: somebody may, and who asks is not known; `denied`: who asks may not. */
export type Verdict = 'allowed' | 'unauthorized' | 'denied'

export class AllowList {
  readonly #entries: readonly Entry[]

  constructor(allowed: readonly Allowed[]) {
    this.#entries = allowed.map((entry) => new Entry(entry))
  }

  /** `source` '' is nobody we know; `path` in normal form. */
  judge(source: string, method: string, path: string): Verdict {
    const entries = this.#entries
    let forOthers = false
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry
      if (!entry.covers(method, path)) continue
      if (entry.isFor(source)) return 'allowed'
      forOthers = true
    }
    return forOthers && source === '' ? 'unauthorized' : 'denied'
  }
}

class Entry {
  /** Each empty where everything will do. */
  readonly #sources: readonly string[]
  readonly #methods: readonly string[]
  readonly #paths: readonly PathPattern[]

  constructor({ source = [], methods = [], paths = [] }: Allowed) {
    this.#sources = source
    this.#methods = methods
    this.#paths = paths.map((path) => new PathPattern(path))
  }

  /** Who is not known is no source, so an entry that names some is never for them. */
  isFor(source: string): boolean {
    return this.#sources.length === 0 || (source !== '' && this.#sources.includes(source))
  }

  covers(method: string, path: string): boolean {
    if (this.#methods.length !== 0 && !this.#methods.includes(method)) return false
    const paths = this.#paths
    if (paths.length === 0) return true
    for (let i = 0; i < paths.length; i++) if ((paths[i] as PathPattern).matches(path)) return true
    return false
  }
}
