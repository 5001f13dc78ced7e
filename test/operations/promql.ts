/** What a PromQL expression names. No parser: enough of its grammar to find names, which `promtool` cannot list. */

const TEXT = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g
const MATCHERS = /\{[^}]*\}/g
const RANGE = /\[[^\]]*\]/g
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g
const NAME = /(?<![\w:.])[a-zA-Z_:][\w:]*/g
const WORDS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'by', 'without', 'on', 'ignoring'])

/** Metrics, recording rules among them. */
export function metricsOf(expr: string): string[] {
  const bare = expr.replace(TEXT, '').replace(MATCHERS, ' ').replace(RANGE, ' ').replace(GROUPING, ' ')
  const names = [...bare.matchAll(NAME)].filter(({ index, 0: name }) => {
    const after = bare.slice(index + name.length).trimStart()
    return !WORDS.has(name) && !after.startsWith('(')
  })
  return [...new Set(names.map(([name]) => name))]
}

/** Labels that are matched or grouped by. */
export function labelsOf(expr: string): string[] {
  const bare = expr.replace(TEXT, '')
  const grouped = [...bare.matchAll(GROUPING)].flatMap(([, list = '']) => list.split(','))
  const matched = (bare.match(MATCHERS) ?? [])
    .flatMap((it) => it.slice(1, -1).split(','))
    .map((it) => it.split(/[=!]/)[0])
  return [...new Set([...grouped, ...matched].map((label) => (label ?? '').trim()))].filter((label) => label !== '')
}
