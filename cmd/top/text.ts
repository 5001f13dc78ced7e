/** Text for a terminal: colours or none, and tables that fit its width. */
import type { Severity } from '../../src/admin/page/live/states.ts'

/** A piece of text and how it looks. */
export interface Piece {
  readonly text: string
  readonly look: Severity | 'head' | 'soft'
}

export type Cell = string | Piece

const CODES: Readonly<Record<Piece['look'], string>> = {
  good: '32',
  warn: '33',
  bad: '1;31',
  plain: '',
  head: '1',
  soft: '2',
}

/** Writes pieces; without `colours` it writes their texts. */
export class Paint {
  readonly #colours: boolean

  constructor(colours: boolean) {
    this.#colours = colours
  }

  of(text: string, look: Piece['look']): string {
    const code = CODES[look]
    return this.#colours && code !== '' && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  }

  /** One line of cells, cut at `width` columns. */
  line(cells: readonly Cell[], width: number): string {
    let left = width
    let line = ''
    for (const cell of cells) {
      const { text, look } = pieceOf(cell)
      const fits = cut(text, left)
      left -= length(fits)
      line += this.of(fits, look)
    }
    return line
  }
}

export interface Column {
  readonly name: string
  /** Figures stand to the right. */
  readonly right?: boolean
}

/** Lines of a table within `width`; the last column gets what is left. Heads stand above, softly. */
export function table(
  paint: Paint,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): string[] {
  const widths = columns.map(({ name }, index) =>
    Math.max(length(name), ...rows.map((row) => length(pieceOf(row[index] ?? '').text))),
  )
  const line = (cells: readonly Cell[]) =>
    paint.line(
      columns.flatMap(({ right }, index) => {
        const { text, look } = pieceOf(cells[index] ?? '')
        const gap = ' '.repeat((widths[index] as number) - length(text))
        const isLast = index === columns.length - 1
        return [
          ...(right === true ? [gap] : []),
          { text, look },
          right === true || isLast ? '' : gap,
          isLast ? '' : '  ',
        ]
      }),
      width,
    )
  return [line(columns.map(({ name }) => ({ text: name, look: 'soft' }))), ...rows.map(line)]
}

const STEPS = '▁▂▃▄▅▆▇█'

/** The newest `columns` values, the largest of them full height. */
export function sparkline(values: readonly number[], columns: number): string {
  const shown = values.slice(-columns)
  const most = Math.max(...shown, Number.MIN_VALUE)
  return shown.map((value) => STEPS[Math.min(7, Math.floor((value / most) * 8))] as string).join('')
}

function pieceOf(cell: Cell): Piece {
  return typeof cell === 'string' ? { text: cell, look: 'plain' } : cell
}

/** Columns that a text takes: what stands in it has one each. */
function length(text: string): number {
  return [...text].length
}

function cut(text: string, columns: number): string {
  if (length(text) <= columns) return text
  return columns <= 0 ? '' : `${[...text].slice(0, columns - 1).join('')}…`
}
