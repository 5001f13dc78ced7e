/** The terminal: a second screen that is drawn over and over, and given back as it was. */

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

  /** Draws lines from the top; what does not fit below is left out. */
  draw(lines: readonly string[]): void {
    const visible = lines.slice(0, this.#terminal.rows)
    this.#terminal.write(HOME + visible.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW)
  }

  /** Gives the terminal back. Harmless when done twice. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#terminal.write(LEAVE)
  }
}
