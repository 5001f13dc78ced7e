/** State that outlives a reload: breakers, bulkheads, budgets. It stands where a file declares it. */
import type { Forceable, Observable, ObservableGroup, Retirable, Snapshot } from '../core/events.ts'

interface Kept {
  /** The block it belongs to, as text: a changed block begins anew. */
  readonly fingerprint: string
  readonly state: unknown
}

export class KeptStates {
  readonly #states = new Map<string, Kept>()
  /**
   * Of statements that are no more. A request that runs through a reload finishes in the old configuration, and may meet routes of it that
   * nobody asked for before, by a fallback for instance: what is made for these is not to be seen, and takes nobody's place.
   */
  readonly #past = new Map<string, unknown>()
  /** Statement → fingerprint; undefined: there was no reload yet. */
  #live: ReadonlyMap<string, string> | undefined

  /** `statement` names who states the block and for which service; `kind` and `key` tell its states apart. */
  get<S>(statement: string, fingerprint: string, kind: string, key: string, make: () => S): S {
    const name = JSON.stringify([statement, kind, key])
    const kept = this.#states.get(name)
    if (kept !== undefined && kept.fingerprint === fingerprint) return kept.state as S
    if (this.#live !== undefined && this.#live.get(statement) !== fingerprint) {
      return this.#ofThePast(name + fingerprint, make)
    }
    if (kept !== undefined) retire(kept.state)
    const state = make()
    this.#states.set(name, { fingerprint, state })
    return state
  }

  #ofThePast<S>(name: string, make: () => S): S {
    const before = this.#past.get(name)
    if (before !== undefined) return before as S
    const state = make()
    this.#past.set(name, state)
    return state
  }

  /** Forgets what no statement of the new configuration names, or names otherwise. `live`: statement → fingerprint. */
  prune(live: ReadonlyMap<string, string>): void {
    this.#live = live
    this.#forgetPast()
    for (const [name, kept] of this.#states) {
      const [statement] = JSON.parse(name) as [string]
      if (live.get(statement) === kept.fingerprint) continue
      this.#states.delete(name)
      retire(kept.state)
    }
  }

  /** The sidecar ends. */
  close(): void {
    this.#forgetPast()
    for (const { state } of this.#states.values()) retire(state)
    this.#states.clear()
  }

  #forgetPast(): void {
    for (const state of this.#past.values()) retire(state)
    this.#past.clear()
  }

  *observables(): Iterable<Observable> {
    for (const { state } of this.#states.values()) {
      if (isGroup(state)) yield* state.members()
      else if (isObservable(state)) yield state
    }
  }

  *snapshots(): Iterable<Snapshot> {
    for (const observable of this.observables()) yield observable.snapshot()
  }

  breaker(id: string): Forceable | undefined {
    for (const observable of this.observables()) {
      const snapshot = observable.snapshot()
      if (snapshot.kind === 'breaker' && snapshot.id === id) return observable as Forceable
    }
    return undefined
  }
}

/** Whoever holds something that others could use gives it back (`Retirable`). */
function retire(state: unknown): void {
  const { retire } = state as Partial<Retirable>
  if (typeof retire === 'function') (state as Retirable).retire()
}

function isObservable(state: unknown): state is Observable {
  return typeof (state as Partial<Observable>).snapshot === 'function'
}

function isGroup(state: unknown): state is ObservableGroup {
  return typeof (state as Partial<ObservableGroup>).members === 'function'
}
