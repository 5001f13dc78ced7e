/** The help of a command: one form for all of them. */
import { type FlagUsage, hasVariable, type Usage, variable } from './usage.ts'

/** Columns a help keeps to. */
const WIDTH = 110

/** `usage: outrigger …`, on as many lines as it needs; also what stands below a complaint. */
export function usageLine({ name, synopsis, flags }: Usage): string {
  const start = `usage: outrigger ${name}`
  const said = new Set(synopsis.match(/--[a-z-]+/g))
  const optional = Object.entries(flags)
    .filter(([flag]) => !said.has(`--${flag}`))
    .map(([flag, { value, many }]) => `[--${flag}${value === undefined ? '' : ` ${value}`}]${many ? '…' : ''}`)
  const parts = synopsis === '' ? optional : [synopsis, ...optional]
  return wrapped(parts, `${start} `, ' '.repeat(start.length + 1))
}

export function helpOf(usage: Usage): string {
  const { brief, flags, exit, notes = [] } = usage
  const rows = Object.entries(flags).map(([flag, stated]): [string, string] => [leftOf(flag, stated), rightOf(stated)])
  const paragraphs = [
    usageLine(usage),
    wrapped(`${brief[0]?.toUpperCase()}${brief.slice(1)}.`.split(' '), '', ''),
    table(rows),
    ...notes.map((note) => wrapped(note.split(' '), '', '')),
    variablesOf(usage),
    table(Object.entries({ ...exit, 2: 'wrong usage' }).map(([code, means]) => [`exit ${code}`, means])),
  ]
  return `${paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')}\n`
}

function leftOf(flag: string, { value, short, many }: FlagUsage): string {
  return `${short === undefined ? '' : `-${short}, `}--${flag}${value === undefined ? '' : ` ${value}`}${many ? ' …' : ''}`
}

function rightOf({ says, also, otherwise, depends }: FlagUsage): string {
  const last = otherwise === undefined ? depends : otherwise || 'none'
  if (last === undefined) return says
  return `${says}; default: ${also === undefined ? '' : `${also}, else `}${last}`
}

function variablesOf(usage: Usage): string {
  const named = Object.keys(usage.flags).filter((flag) => hasVariable(usage, flag))
  const [first] = named
  if (first === undefined) return ''
  if (usage.variables === 'all') return `Every flag has a variable: --${first} is ${variable(first)}. The flag wins.`
  return `${named.map((flag) => `--${flag} is ${variable(flag)}`).join(', ')} in the environment. The flag wins.`
}

/** Two columns; what does not fit on the left has its line to itself. */
export function table(rows: readonly (readonly [left: string, right: string])[]): string {
  const most = 36
  const column = 4 + Math.max(0, ...rows.map(([left]) => left.length).filter((length) => length <= most))
  return rows
    .map(([left, right]) => {
      const start = `  ${left}`
      const fits = left.length <= most
      const text = wrapped(right.split(' '), fits ? start.padEnd(column) : ' '.repeat(column), ' '.repeat(column))
      return fits ? text : `${start}\n${text}`
    })
    .join('\n')
}

function wrapped(parts: readonly string[], first: string, others: string): string {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const part of parts) {
    if (!empty && line.length + 1 + part.length > WIDTH) {
      lines.push(line)
      line = others
      empty = true
    }
    line += empty ? part : ` ${part}`
    empty = false
  }
  return [...lines, line].join('\n').replace(/ +$/gm, '')
}
