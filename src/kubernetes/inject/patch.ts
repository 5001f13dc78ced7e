/** A JSON Patch (RFC 6902) as it grows, beside the object as it is after each operation. Arrays are added to, never replaced. */

export interface Operation {
  readonly op: 'add' | 'replace'
  readonly path: string
  readonly value?: unknown
}

type Key = string | number

export class PatchBuilder<T extends object> {
  readonly operations: Operation[] = []
  readonly #root: T

  constructor(object: T) {
    this.#root = structuredClone(object)
  }

  /** As it is with the operations so far. */
  get result(): T {
    return this.#root
  }

  /** Sets a field of a mapping; nothing happens where it has that value. Mappings on the way there must be there. */
  set(path: readonly Key[], value: unknown): void {
    const holder = this.#at(path.slice(0, -1)) as Record<Key, unknown>
    const last = path.at(-1) as Key
    if (same(holder[last], value)) return
    this.#push(holder[last] === undefined ? 'add' : 'replace', path, value)
    holder[last] = structuredClone(value)
  }

  /** Puts a value into a list. */
  insert(path: readonly Key[], index: number, value: unknown): void {
    const list = this.#at(path) as unknown[]
    list.splice(index, 0, structuredClone(value))
    this.#push('add', [...path, index], value)
  }

  /** The mapping or list `empty` where there is none. True: there was none. */
  ensure(path: readonly Key[], empty: object): boolean {
    const holder = this.#at(path.slice(0, -1)) as Record<Key, unknown>
    const last = path.at(-1) as Key
    if (holder[last] !== undefined && holder[last] !== null) return false
    holder[last] = structuredClone(empty)
    this.#push('add', path, empty)
    return true
  }

  #at(path: readonly Key[]): unknown {
    let here: unknown = this.#root
    for (const key of path) here = (here as Record<Key, unknown>)[key]
    return here
  }

  #push(op: Operation['op'], path: readonly Key[], value: unknown): void {
    this.operations.push({ op, path: path.map((key) => `/${escapeKey(key)}`).join(''), value })
  }
}

/** What a builder wrote, done to an object that is the same as the builder's was. */
export function applyOperations<T extends object>(object: T, operations: readonly Operation[]): T {
  const root = structuredClone(object)
  for (const { op, path, value } of operations) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = keys.pop() as string
    let holder: unknown = root
    for (const key of keys) holder = (holder as Record<string, unknown>)[key]
    if (Array.isArray(holder) && op === 'add') holder.splice(Number(last), 0, structuredClone(value))
    else (holder as Record<string, unknown>)[last] = structuredClone(value)
  }
  return root
}

/** RFC 6901 §3. */
function escapeKey(key: Key): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), b as Record<string, unknown>]
  return left.length === Object.keys(b).length && left.every(([key, value]) => same(value, right[key]))
}
