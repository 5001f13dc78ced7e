/** A JSON Patch (RFC 6902) as it grows, beside the object as it is after each operation. Lists are changed item by item, never replaced. */

export interface Operation {
  readonly op: 'add' | 'replace' | 'remove'
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

  /**
   * Takes out of the object what is not in `target`, and changes what is other there. Items of lists are told apart by their
   * name; `target` has none that is new, and keeps their order.
   */
  reduce(target: unknown, path: readonly Key[] = []): void {
    const here = this.#at(path)
    if (same(here, target)) return
    if (Array.isArray(here) && Array.isArray(target)) this.#reduceList(here, target, path)
    else if (isMapping(here) && isMapping(target)) {
      for (const key of Object.keys(here)) if (target[key] === undefined) this.#remove([...path, key])
      for (const [key, value] of Object.entries(target)) this.reduce(value, [...path, key])
    } else this.set(path, target)
  }

  #reduceList(here: readonly unknown[], target: readonly unknown[], path: readonly Key[]): void {
    if (here.length > target.length) {
      const names = new Set(target.map(nameOf))
      for (let at = here.length - 1; at >= 0; at--) if (!names.has(nameOf(here[at]))) this.#remove([...path, at])
    }
    for (const [at, item] of target.entries()) this.reduce(item, [...path, at])
  }

  #remove(path: readonly Key[]): void {
    const holder = this.#at(path.slice(0, -1)) as Record<Key, unknown>
    const last = path.at(-1) as Key
    if (Array.isArray(holder)) holder.splice(Number(last), 1)
    else delete holder[last]
    this.operations.push({ op: 'remove', path: pointer(path) })
  }

  #at(path: readonly Key[]): unknown {
    let here: unknown = this.#root
    for (const key of path) here = (here as Record<Key, unknown>)[key]
    return here
  }

  #push(op: Operation['op'], path: readonly Key[], value: unknown): void {
    this.operations.push({ op, path: pointer(path), value })
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function nameOf(item: unknown): unknown {
  return isMapping(item) ? item['name'] : item
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
    if (Array.isArray(holder) && op !== 'replace') {
      const items = op === 'add' ? [structuredClone(value)] : []
      holder.splice(Number(last), op === 'add' ? 0 : 1, ...items)
    } else if (op === 'remove') delete (holder as Record<string, unknown>)[last]
    else (holder as Record<string, unknown>)[last] = structuredClone(value)
  }
  return root
}

/** RFC 6901 §3. */
function pointer(path: readonly Key[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), b as Record<string, unknown>]
  return left.length === Object.keys(b).length && left.every(([key, value]) => same(value, right[key]))
}
