/** Names: unique per kind, one Sidecar at most; what references may point to. */
import type { Report } from '../issues.ts'
import { nearest } from '../values/spelling.ts'
import type { Head, Kind } from './head.ts'

export function checkNames(heads: readonly Head[], report: Report): void {
  const first = new Map<string, Head>()
  let sidecar: Head | undefined
  for (const head of heads) {
    if (head.state === 'newer') continue
    if (head.kind === 'Sidecar' && sidecar !== undefined) {
      const { file, line } = sidecar.place
      report.add('E014', head.place, `there is at most one Sidecar, and one stands at ${file}:${line}`)
      continue
    }
    if (head.kind === 'Sidecar') sidecar = head
    if (head.name === '') continue
    const key = `${head.kind} ${head.name}`
    const earlier = first.get(key)
    if (earlier === undefined) first.set(key, head)
    else reportTwice(head, earlier, report)
  }
}

function reportTwice(head: Head, earlier: Head, report: Report): void {
  const { file, line } = earlier.place
  report.add(
    'E013',
    head.place,
    `a name is unique per kind, and ${head.kind} '${head.name}' stands at ${file}:${line} already`,
  )
}

/** What a reference may name. */
export class Names {
  readonly #heads: readonly Head[]
  /** False: some document could not be read so far as to know its name, so nothing is known to be missing. */
  readonly #complete: boolean

  constructor(heads: readonly Head[], complete: boolean) {
    this.#heads = heads
    this.#complete = complete && heads.every((head) => head.name !== '' || head.state !== 'broken')
  }

  /** undefined: it exists, or nobody can say. Else the rest of the sentence "there is no Service 'x'". */
  missing(kind: Kind, name: string): string | undefined {
    const same = this.#heads.filter((head) => head.kind === kind && head.name !== '')
    const found = same.filter((head) => head.name === name)
    if (found.some((head) => head.state !== 'newer') || !this.#complete) return undefined
    if (found.length > 0)
      return ': its document is left out, being for a newer version; give this one the same minVersion'
    const names = same.map((head) => head.name)
    const meant = nearest(name, names)
    if (meant !== undefined) return `; did you mean '${meant}'?`
    return names.length === 0 ? '' : `; there are: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', ...' : ''}`
  }
}
