/** What stands for the `{name}` segments of a policy's own path patterns, in a path that one of them matched. */

interface Part {
  /** A name in braces, or ''. */
  readonly name: string
  /** A literal, percent-decoded; undefined for `{name}`, `*` and `**`. */
  readonly literal: string | undefined
  readonly rest: boolean
}

export class PathParameters {
  readonly #patterns: readonly (readonly Part[])[]

  /** `patterns` as the loader has checked them. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => pattern.slice(1).split('/').map(readPart))
  }

  /** The value of `name`, percent-decoded; '' when no pattern that matches has it. `path` is in normal form. */
  value(path: string, name: string): string {
    const segments = path.slice(1).split('/')
    for (const pattern of this.#patterns) {
      const at = pattern.findIndex((part) => part.name === name)
      if (at >= 0 && matches(pattern, segments)) return decode(segments[at] as string)
    }
    return ''
  }
}

function readPart(text: string): Part {
  if (text === '**') return { name: '', literal: undefined, rest: true }
  if (text === '*') return { name: '', literal: undefined, rest: false }
  if (text.startsWith('{')) return { name: text.slice(1, -1), literal: undefined, rest: false }
  return { name: '', literal: decode(text), rest: false }
}

function matches(pattern: readonly Part[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const { literal, rest } = pattern[i] as Part
    if (rest) return true
    const segment = segments[i]
    if (segment === undefined) return false
    if (literal === undefined ? segment === '' : literal !== decode(segment)) return false
  }
  return pattern.length === segments.length
}

/** Bytes that are no UTF-8 stay escaped. */
function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
