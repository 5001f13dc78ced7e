/** A document after the walk, with the means to say more about its fields. */
import type { Schema } from '../../core/policy.ts'
import { type Code, Report } from '../issues.ts'
import type { Place } from '../model.ts'
import type { Parsed } from '../values/parsed.ts'
import type { WalkContext } from '../walk/context.ts'
import { newWalk } from '../walk/walk.ts'
import { entryOf, shorten } from '../yaml/tree.ts'
import type { Head } from './head.ts'

/** Fields by name; a field that is wrong or left out is undefined. */
export type Fields = Readonly<Record<string, unknown>>

export class WalkedDocument {
  readonly head: Head
  readonly value: Fields
  readonly #context: WalkContext

  constructor(head: Head, schema: Schema) {
    this.head = head
    this.#context = newWalk(new Report(), `${head.kind} ${shorten(head.name)}`.trim())
    const at = { path: '', key: head.root.place }
    // `minVersion` was read with the head: as a number it would have lost its zeros.
    const root = { ...head.root, entries: head.root.entries.filter((entry) => entry.key !== 'minVersion') }
    this.value = (this.#context.walk(root, schema, at, this.#context) ?? {}) as Fields
  }

  get report(): Report {
    return this.#context.report
  }

  /** False: something in it is wrong, and no model can be made of it. */
  get sound(): boolean {
    return this.report.errors === 0
  }

  get place(): Place {
    return this.head.root.place
  }

  /** Where the key stands, or the nearest key above it that the file states. */
  keyPlace(path: string): Place {
    return this.#nearestPlace(path)?.key ?? this.place
  }

  valuePlace(path: string): Place {
    return this.#nearestPlace(path)?.value ?? this.place
  }

  #nearestPlace(path: string) {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const found = this.#context.places.get(at)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Places of the keys below `path`, by the rest of their path. */
  placesBelow(path: string): ReadonlyMap<string, Place> {
    const prefix = `${path}.`
    const found = [...this.#context.places].filter(([name]) => name.startsWith(prefix))
    return new Map(found.map(([name, place]) => [name.slice(prefix.length), place.key]))
  }

  /** Whether the file has the key at the top of the document, right or wrong. */
  states(key: string): boolean {
    return entryOf(this.head.root, key) !== undefined
  }

  error(code: Code, place: Place, message: string): void {
    this.report.add(code, place, message)
  }

  /** The value that `text` stands for; an error of `path` and undefined if it stands for none. */
  read<T>(path: string, text: unknown, parse: (text: string) => Parsed<T>): T | undefined {
    return typeof text === 'string' ? this.#read(path, text, parse, this.valuePlace(path)) : undefined
  }

  /** The same for a key that the operator chose. */
  readKey<T>(path: string, key: string, parse: (text: string) => Parsed<T>): T | undefined {
    return this.#read(path, key, parse, this.keyPlace(path))
  }

  #read<T>(path: string, text: string, parse: (text: string) => Parsed<T>, place: Place): T | undefined {
    const result = parse(text)
    if (result.ok) return result.value
    const proposal = result.proposal === '' ? '' : `: ${result.proposal}`
    const name = path.replace(/\.([0-9]+)(?=\.|$)/g, '[$1]')
    this.error('E024', place, `${name} must be ${result.must}, found '${text.slice(0, 60)}'${proposal}`)
    return undefined
  }
}

/** A walked mapping, or an empty one where it was wrong or left out. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
