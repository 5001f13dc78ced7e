/** One line for each fact: that it held, or what was found in its place. */
import { isDeepStrictEqual } from 'node:util'

export class Report {
  held = 0
  failed = 0
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /** Something worth reading that is no fact: a number that was measured. */
  note(text: string): void {
    this.#print(`        ${text}`)
  }

  holds(fact: string, held: boolean, found?: unknown): void {
    if (held) {
      this.held += 1
      this.#print(`ok      ${fact}`)
      return
    }
    this.failed += 1
    this.#print(`NOT ok  ${fact}`)
    if (found !== undefined) this.#print(`        found:  ${shown(found)}`)
  }

  same(fact: string, found: unknown, wanted: unknown): void {
    const held = isDeepStrictEqual(found, wanted)
    this.holds(fact, held, found)
    if (!held) this.#print(`        wanted: ${shown(wanted)}`)
  }

  includes(fact: string, found: string, part: string): void {
    this.holds(fact, found.includes(part), `${found}\n        wanted: …${part}…`)
  }

  /** A throw is a fact that did not hold, and no end of what comes after. */
  async guard(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      this.holds(`${what} ran to its end`, false, error instanceof Error ? (error.stack ?? error.message) : error)
    }
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 1).replaceAll(/\n\s*/g, ' ')
}
