/** The yaml package's nodes → ours: aliases replaced and counted; tags, merge keys and keys that stand twice refused. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Pair } from 'yaml'
import type { Report } from '../issues.ts'
import type { Place } from '../model.ts'
import { type Entry, type Node, shorten } from './tree.ts'

/** Of one file. Nested aliases count each time, so a few lines cannot unfold into gigabytes. */
const MAX_ALIASES = 100

/** YAML 1.2's own (core schema, §10.3); everything else is a tag somebody made. */
const OWN_TAGS = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`))

export class TreeReader {
  readonly #place: (offset: number) => Place
  readonly #text: string
  readonly #report: Report
  #aliases = 0
  /** Anchored nodes that are being read: an alias inside them to themselves has no end. */
  readonly #open = new Set<unknown>()
  #document: Document.Parsed | undefined
  #broken = false

  constructor(text: string, place: (offset: number) => Place, report: Report) {
    this.#text = text
    this.#place = place
    this.#report = report
  }

  /** `broken`: the text has errors already; what follows from them is not reported. */
  read(document: Document.Parsed, broken: boolean): Node {
    this.#document = document
    this.#broken = broken
    return this.#node(document.contents, this.#place(0))
  }

  #node(node: unknown, outer: Place): Node {
    const place = placeOf(node, outer, this.#place)
    if (isAlias(node)) return this.#alias(node, place)
    this.#checkTag(node, place)
    if (isMap(node)) {
      return this.#inside(node, () => ({ kind: 'map', entries: this.#entries(node.items as Pair[], place), place }))
    }
    if (isSeq(node)) {
      return this.#inside(node, () => ({
        kind: 'list',
        items: node.items.map((item) => this.#node(item, place)),
        place,
      }))
    }
    if (!isScalar(node)) return nothing(place)
    const value = node.value
    const plain = typeof value === 'number' || typeof value === 'boolean' || value === null ? value : String(value)
    return { kind: 'scalar', value: plain, source: node.source ?? String(plain), place }
  }

  #inside(node: unknown, read: () => Node): Node {
    this.#open.add(node)
    const result = read()
    this.#open.delete(node)
    return result
  }

  #alias(node: { source: string; resolve(document: Document): unknown }, place: Place): Node {
    this.#aliases++
    if (this.#aliases > MAX_ALIASES) {
      if (this.#aliases === MAX_ALIASES + 1) {
        this.#error('E006', place, `a file has at most ${MAX_ALIASES} alias expansions, '*${node.source}' is one more`)
      }
      return nothing(place)
    }
    const target = this.#document === undefined ? undefined : node.resolve(this.#document)
    if (target === undefined) {
      this.#error('E002', place, `'*${node.source}' must name an anchor above it, there is no '&${node.source}'`)
      return nothing(place)
    }
    if (this.#open.has(target)) {
      this.#error('E006', place, `'*${node.source}' stands inside '&${node.source}': it would have no end`)
      return nothing(place)
    }
    return this.#node(target, place)
  }

  #entries(pairs: readonly Pair[], outer: Place): Entry[] {
    const entries: Entry[] = []
    const seen = new Map<string, Place>()
    for (const pair of pairs) {
      const place = placeOf(pair.key, outer, this.#place)
      const key = this.#key(pair.key, place)
      if (key === undefined) continue
      const first = seen.get(key)
      if (first !== undefined) {
        const message = `a key stands once in a mapping, '${shorten(key)}' stands at line ${first.line} already`
        this.#error('E003', place, message)
        continue
      }
      seen.set(key, place)
      entries.push({ key, place, node: this.#node(pair.value, place) })
    }
    return entries
  }

  #key(key: unknown, place: Place): string | undefined {
    this.#checkTag(key, place)
    if (isScalar(key) && key.value !== null) {
      const text = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
      if (text !== '<<' || key.type !== 'PLAIN') return text
      this.#error('E005', place, "merge keys ('<<') are not part of the format: write the keys out, or use a Profile")
      return undefined
    }
    this.#error(
      'E022',
      place,
      `a key must be text, found ${isScalar(key) || key === null ? 'nothing' : 'something else'}`,
    )
    return undefined
  }

  #checkTag(node: unknown, place: Place): void {
    const tag = (node as { tag?: unknown } | null)?.tag
    if (typeof tag !== 'string' || tag === '!' || OWN_TAGS.has(tag)) return
    const written = this.#tagBefore(node)
    const at = written === undefined ? place : this.#place(written.offset)
    const found = shorten(written?.text ?? tag)
    this.#error('E004', at, `tags are not part of the format, found '${found}': leave it out`)
  }

  /** A node begins behind its tag; what stands before it is the tag as it is written. */
  #tagBefore(node: unknown): { offset: number; text: string } | undefined {
    const end = (node as { range?: readonly number[] | null }).range?.[0] ?? 0
    const start = Math.max(0, end - 200)
    const match = /(!\S*)\s+(?:&\S+\s+)?$/.exec(this.#text.slice(start, end))
    return match === null ? undefined : { offset: start + match.index, text: match[1] ?? '' }
  }

  #error(code: 'E002' | 'E003' | 'E004' | 'E005' | 'E006' | 'E022', place: Place, message: string): void {
    if (!this.#broken) this.#report.add(code, place, message)
  }
}

function nothing(place: Place): Node {
  return { kind: 'scalar', value: null, source: '', place }
}

function placeOf(node: unknown, outer: Place, place: (offset: number) => Place): Place {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return typeof range?.[0] === 'number' ? place(range[0]) : outer
}
