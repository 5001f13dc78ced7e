/** The terminal: a second screen that is drawn over and over, and given back as it was. */

import { width } from './table.ts'

/** What is needed of a terminal. */
export interface Terminal {
  write(text: string): void
  readonly columns: number
  readonly rows: number
}

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

export class Screen {
  readonly #terminal: Terminal
  #open = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  get columns(): number {
    return this.#terminal.columns
  }

  open(): void {
    this.#open = true
    this.#terminal.write(ENTER)
  }

  /** Draws lines from the top; what does not fit below is left out. `extra` only comes when all of it fits, too. */
  draw(lines: readonly string[], extra: readonly string[] = []): void {
    const { rows, columns } = this.#terminal
    const wanted = rowsOf(lines, columns) + rowsOf(extra, columns) + 1 <= rows ? [...lines, '', ...extra] : lines
    let room = rows
    const visible = wanted.filter((line) => (room -= rowsOf([line], columns)) >= 0)
    this.#terminal.write(HOME + visible.map((line) => line + clearAfter(line, columns)).join('\r\n') + CLEAR_BELOW)
  }

  /** Gives the terminal back. Harmless when done twice. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#terminal.write(LEAVE)
  }
}

/** Behind a line that ends at the very edge, the cursor still stands on its last character: nothing is left to clear. */
function clearAfter(line: string, columns: number): string {
  return line !== '' && width(line) % columns === 0 ? '' : CLEAR_LINE
}

/** Rows that lines take where the terminal breaks what is too long. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(width(line) / Math.max(1, columns))), 0)
}
