/** A file of lines → a trace: what can be replayed, and what could not be read and why. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { whyUnreadable } from '../../config/files.ts'
import { type Fields, isAccessLine, readAccessLine } from './access-line.ts'
import type { Entry } from './entry.ts'
import { isSimpleLine, readSimpleLine } from './simple-line.ts'

export interface Trace {
  /** In order of time. */
  readonly entries: readonly Entry[]
  readonly lines: number
  /** `file:line: why`, the first few. */
  readonly left: readonly string[]
  /** Lines that are not replayed. */
  readonly leftOut: number
}

/** So many lines that are left out are named. */
const NAMED = 5

/** A sentence where there is nothing to replay. */
export async function readTrace(path: string): Promise<Trace | string> {
  const reader = new TraceReader(path)
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) reader.take(line)
  } catch (cause) {
    return `'${path}' must be a readable file: ${whyUnreadable(cause)}`
  }
  return reader.end()
}

class TraceReader {
  readonly #path: string
  readonly #entries: Entry[] = []
  readonly #left: string[] = []
  #leftOut = 0
  #line = 0
  /** Of a CSV: the names in its first line. */
  #columns: readonly string[] | undefined

  constructor(path: string) {
    this.#path = path
  }

  take(line: string): void {
    this.#line++
    if (line.trim() === '') return
    if (this.#columns === undefined && this.#line === 1 && !line.startsWith('{')) {
      const columns = line.split(',').map((name) => name.trim())
      if (columns.includes('t') && columns.includes('url')) {
        this.#columns = columns
        return
      }
    }
    const entry = this.#columns === undefined ? readJson(line) : readSimpleLine(readCsv(line, this.#columns))
    if (typeof entry !== 'string') this.#entries.push(entry)
    else {
      this.#leftOut++
      if (this.#left.length < NAMED) this.#left.push(`${this.#path}:${this.#line}: ${entry}`)
    }
  }

  end(): Trace | string {
    const [first] = this.#left
    if (this.#entries.length === 0) {
      const why = first === undefined ? 'it is empty' : `of its first line: ${first}`
      return `'${this.#path}' holds no request that could be replayed; ${why}`
    }
    // A log is written in the order of answers.
    const entries = this.#entries.sort((a, b) => a.time - b.time)
    return { entries, lines: this.#line, left: this.#left, leftOut: this.#leftOut }
  }
}

function readJson(line: string): Entry | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'it is no JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object'
  const fields = value as Fields
  if (isAccessLine(fields)) return readAccessLine(fields)
  if (isSimpleLine(fields)) return readSimpleLine(fields)
  return 'it is no access log line of ours (time, direction, durationMs), nor one with t and url'
}

/** Without quotes: neither a URL nor a number needs a comma. */
function readCsv(line: string, columns: readonly string[]): Fields {
  const cells = line.split(',')
  return Object.fromEntries(columns.map((name, i) => [name, cells[i]?.trim()]))
}
