/** The measured part of docs/benchmarks.md: everything between two marks is written anew, what stands around it is prose. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Table } from './tables.ts'

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
const BEGIN = '<!-- measured: begin. `npm run bench` writes what stands here. -->'
const END = '<!-- measured: end -->'

export interface Section {
  readonly title: string
  /** Sentences above the table. */
  readonly words: string
  readonly table: Table
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU'
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${cpus().length} × ${model}, ${memory}, ${process.platform} ${release()}, Node ${process.version}`
}

/** `3f2c1ab`, with a plus behind it where files differ from that commit; empty outside of a repository. */
export function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--', 'src', 'cmd', 'scripts') === '' ? '' : '+')
    )
  } catch {
    return ''
  }
}

function markdown({ heading, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heading), `|${heading.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

function markdownOf(sections: readonly Section[]): string {
  return sections.map(({ title, words, table }) => `### ${title}\n\n${words}\n\n${markdown(table)}`).join('\n\n')
}

/** Returns the path of the page; throws when the marks are gone. */
export function writeReport(head: string, sections: readonly Section[]): string {
  const page = readFileSync(PAGE, 'utf8')
  const from = page.indexOf(BEGIN)
  const to = page.indexOf(END)
  if (from < 0 || to < from) throw new Error(`${PAGE} must hold the lines ${BEGIN} and ${END}`)
  const measured = `${BEGIN}\n\n${head}\n\n${markdownOf(sections)}\n\n`
  writeFileSync(PAGE, page.slice(0, from) + measured + page.slice(to))
  return PAGE
}
