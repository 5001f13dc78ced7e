/** Patterns of `match.routes[].path`: segments that are literal, `{name}`, `*`, and `**` at the end. */
import { type Parsed, parsed, unreadable } from './parsed.ts'

const MUST = 'a path pattern such as "/v1/**" or "/orders/{orderNo}"'

export function parsePathPattern(text: string): Parsed<string> {
  if (!text.startsWith('/')) return unreadable(MUST, `it starts with a slash: write "/${text}"`)
  if (/[?#]/.test(text)) return unreadable(MUST, 'the query takes no part in matching: leave it out')
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return unreadable(MUST, 'no blanks, control characters or backslashes')
  const segments = text.slice(1).split('/')
  const names = new Set<string>()
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1
    const problem = badSegment(segment, last, names)
    if (problem !== undefined) return unreadable(MUST, problem)
  }
  return parsed(text)
}

/** What is wrong with one segment, or undefined. */
function badSegment(segment: string, last: boolean, names: Set<string>): string | undefined {
  if (segment === '') return last ? undefined : 'an empty segment never matches: repeated slashes are merged'
  if (segment === '.' || segment === '..') return `'${segment}' never matches: dot segments are removed first`
  if (segment === '**') return last ? undefined : '** stands at the end only'
  if (segment === '*') return undefined
  if (segment.includes('*')) return `'${segment}': a star stands for a whole segment`
  if (!/[{}]/.test(segment)) return badEscape(segment)
  const name = /^\{([A-Za-z_][A-Za-z0-9_-]*)\}$/.exec(segment)?.[1]
  if (name === undefined) return `'${segment}': braces hold one name and fill the segment, as in {orderNo}`
  if (names.has(name)) return `{${name}} stands twice`
  names.add(name)
  return undefined
}

function badEscape(segment: string): string | undefined {
  return /%(?![0-9A-Fa-f]{2})/.test(segment) ? `'${segment}': a percent sign is followed by two hex digits` : undefined
}
