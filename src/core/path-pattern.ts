/** A path pattern at work: `/v1/orders/{orderNo}/**` against paths in normal form, without allocating. */
import { readSegments, type Segment } from './path-segments.ts'

const SLASH = 0x2f

/** Made once at load; `source` is what the operator wrote and what metrics show. */
export class PathPattern {
  readonly source: string
  readonly segments: readonly Segment[]
  /** The literal segments at the front as one string, tested in one comparison. */
  readonly #prefix: string
  /** The segments behind the prefix, without `**`: a literal, or undefined for any one segment. */
  readonly #tail: readonly (string | undefined)[]
  /** Ends in `**`. */
  readonly #rest: boolean

  /** `source` as the loader has checked it; `label` where another text names it. */
  constructor(source: string, label = source) {
    const segments = readSegments(source)
    let prefix = ''
    const tail: (string | undefined)[] = []
    for (const segment of segments) {
      if (segment.kind === 'literal' && tail.length === 0) prefix += `/${segment.text}`
      else if (segment.kind !== 'rest') tail.push(segment.kind === 'literal' ? segment.text : undefined)
    }
    this.source = label
    this.segments = segments
    this.#prefix = prefix
    this.#tail = tail
    this.#rest = segments.at(-1)?.kind === 'rest'
  }

  matches(path: string): boolean {
    if (!path.startsWith(this.#prefix)) return false
    const tail = this.#tail
    let at = this.#prefix.length
    for (let i = 0; i < tail.length; i++) {
      if (path.charCodeAt(at) !== SLASH) return false
      const literal = tail[i]
      if (literal === undefined) {
        const end = endOfSegment(path, at + 1)
        // `*` and `{name}` stand for something: `/orders/` has no order number.
        if (end === at + 1) return false
        at = end
      } else {
        if (!path.startsWith(literal, at + 1)) return false
        at += 1 + literal.length
      }
    }
    return at === path.length || (this.#rest && path.charCodeAt(at) === SLASH)
  }

  /** What stands for each `{name}` in a path that matches, percent-decoded. */
  parameters(path: string): Map<string, string> {
    const found = new Map<string, string>()
    let at = 0
    for (const segment of this.segments) {
      if (segment.kind === 'rest') break
      const end = endOfSegment(path, at + 1)
      if (segment.kind === 'any' && segment.text !== '') found.set(segment.text, decode(path.slice(at + 1, end)))
      at = end
    }
    return found
  }
}

function endOfSegment(path: string, from: number): number {
  const end = path.indexOf('/', from)
  return end < 0 ? path.length : end
}

/** Bytes that are no UTF-8 stay escaped. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
