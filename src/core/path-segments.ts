/** The parts of a path pattern: `/literal/{name}/*` and, at the end only, `/**`. What may stand there the loader checks. */
import { normalisePath } from './path.ts'

/** `any` is `*` or `{name}`: exactly one segment, not empty. `rest` is `**`: any number of segments, none included. */
export interface Segment {
  readonly kind: 'literal' | 'any' | 'rest'
  /** The literal in normal form; of `{name}` the name; else ''. */
  readonly text: string
}

const REST: Segment = { kind: 'rest', text: '' }

export function readSegments(pattern: string): readonly Segment[] {
  const parts = pattern.slice(1).split('/')
  const segments: Segment[] = []
  for (const part of parts) {
    if (part === '**') segments.push(REST)
    else if (part === '*') segments.push({ kind: 'any', text: '' })
    else if (part.startsWith('{') && part.endsWith('}')) segments.push({ kind: 'any', text: part.slice(1, -1) })
    else segments.push({ kind: 'literal', text: normalLiteral(part) })
  }
  return segments
}

/** As paths are spelled: an operator may write `/café`, `/%63afe` or `/a%2fb`. */
function normalLiteral(part: string): string {
  if (part === '') return ''
  const pieces = part.toWellFormed().split('%')
  // Only what is no ASCII or may not stand in a path is escaped by this; the escapes that were written stay.
  const normal = normalisePath(`/${pieces.map(encodeURI).join('%')}`)
  // A dot segment in disguise: it stays as it is and matches nothing, for no normal path has one.
  return normal === undefined || normal === '/' ? part : normal.slice(1)
}
