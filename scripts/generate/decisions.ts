/** The index of decisions: each with what has been decided since that its own text names. */
import { readFileSync } from 'node:fs'
import { list } from '../files.ts'

export const path = 'docs/decisions/README.md'

const HEAD = `<!-- Made by scripts/generate/decisions.ts: npm run fix -->
# Decisions

What was chosen where there was something to choose: the context, what was weighed, what follows. A number is never given twice, and some were
never used. *Since* names later decisions that take something of it back, or add to it; its own text says what.

| | decision | since |
|---|---|---|
`

interface Decision {
  readonly number: string
  readonly file: string
  readonly title: string
  /** Numbers of later ones that it links to. */
  readonly since: readonly string[]
}

/** Fails where a file does not begin with `# ` and its own number. */
function read(from: string): Decision {
  const file = from.slice(from.lastIndexOf('/') + 1)
  const number = file.slice(0, 4)
  const text = readFileSync(from, 'utf8')
  const [, told = '', title = ''] = /^# (\d+)\. (.+)\n/.exec(text) ?? []
  if (Number(told) !== Number(number)) throw new Error(`${from}:1: must be '# ${Number(number)}. ' and a title`)
  const named = [...text.matchAll(/\]\((\d{4})-[\w-]+\.md\)/g)].map(([, other = '']) => other)
  return { number, file, title, since: [...new Set(named)].filter((other) => other > number).sort() }
}

export function text(): string {
  const decisions = list(['docs/decisions'], '.md')
    .filter((from) => from !== path)
    .sort()
    .map(read)
  const link = (wanted: string): string => {
    const { number = wanted, file = '' } = decisions.find(({ number }) => number === wanted) ?? {}
    return `[${number}](${file})`
  }
  return `${HEAD}${decisions.map(({ number, title, since }) => `| ${link(number)} | ${title} | ${since.map(link).join(', ')} |\n`).join('')}`
}
