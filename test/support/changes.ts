/** Who waits until something holds, and is asked again at every change. */

/** ms after which what was waited for will not come any more. */
export const GUARD = 10_000

export class Changes {
  readonly #waiting = new Set<() => void>()

  /** Something came, or ended. */
  happened(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Resolves with what `holds` gives as soon as that is neither undefined nor false. `came` says what was there instead. */
  async when<T>(what: string, holds: () => T | undefined | false, came: () => string, guard = GUARD): Promise<T> {
    const now = holds()
    if (now !== undefined && now !== false) return now
    return new Promise<T>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
      }
      const wake = (): void => {
        try {
          const value = holds()
          if (value === undefined || value === false) return
          done()
          resolve(value)
        } catch (error) {
          done()
          reject(error)
        }
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`waited ${guard} ms for ${what}; ${came()}`))
      }, guard)
      this.#waiting.add(wake)
    })
  }
}
