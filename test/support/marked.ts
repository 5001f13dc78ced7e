/** Policy text with a mark where a problem is to be found. */
import type { Issue } from '../../src/config/model.ts'
import { type Loaded, type LoadOptions, loadText } from '../../src/config/load.ts'
import { BLOCKS } from './blocks.ts'

/** Stands before the first character of the place. */
const MARK = '→'

export interface Expected {
  readonly line: number
  readonly column: number
}

function unmark(marked: string): { text: string; places: Expected[] } {
  const places: Expected[] = []
  const lines = marked.split('\n').map((line, index) => {
    const parts = line.split(MARK)
    let column = 1
    for (const part of parts.slice(0, -1)) {
      column += part.length
      places.push({ line: index + 1, column })
    }
    return parts.join('')
  })
  return { text: lines.join('\n'), places }
}

export function load(text: string, options: LoadOptions = {}): Loaded {
  return loadText(text, BLOCKS, options)
}

/** `3:7 E020`, for each. */
export function found(issues: readonly Issue[]): string[] {
  return issues.map(({ code, place }) => `${place.line}:${place.column} ${code}`)
}

/** The issues of `marked`, and `code` at each of its marks, both as `found()` has them. */
export function compare(marked: string, code: string): { issues: readonly Issue[]; got: string[]; want: string[] } {
  const { text, places } = unmark(marked)
  const { issues } = load(text)
  return { issues, got: found(issues), want: places.map(({ line, column }) => `${line}:${column} ${code}`) }
}
