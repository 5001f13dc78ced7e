/** The chart's README: the table of its values, from the comments of values.yaml that begin with `--`. */
import { readFileSync } from 'node:fs'
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'

export const path = 'charts/outrigger/README.md'

const HEAD = `<!-- Made by scripts/generate/chart-readme.ts from values.yaml: npm run fix -->
# Chart outrigger

Installs the injector of Outrigger, or the admission policy in its place. How to install it, what the modes are and what to do when
something is wrong is in [docs/kubernetes.md](../../docs/kubernetes.md).

    helm install outrigger charts/outrigger --namespace outrigger-system --create-namespace

\`values.schema.json\` refuses what is not in this table, and values that do not go together are refused with a sentence. Two renders
of the same values are the same byte for byte. \`ci/\` has one file of values for each mode.

| value | default | |
|---|---|---|
`

/** A value with a comment is a row, with all that is below it; a map without one is a heading of others. */
function rows(map: YAMLMap, prefix: string): string[] {
  return map.items.flatMap((pair) => {
    const { key, value } = pair as Pair
    if (!isScalar(key)) throw new Error(`values.yaml: a key below ${prefix} is no word`)
    const name = `${prefix}${key.value}`
    // The parser gives what stands before the first key of a map to the map.
    const comment = key.commentBefore ?? (map.items[0] === pair ? map.commentBefore : undefined)
    const told = /(?:^|\n) -- (.*)$/s.exec(comment ?? '')?.[1]?.replaceAll('\n', '')
    if (told === undefined && isMap(value)) return rows(value, `${name}.`)
    if (told === undefined) throw new Error(`values.yaml: ${name} has no comment that begins with --`)
    const plain = isMap(value) || value instanceof Object ? (value as { toJSON(): unknown }).toJSON() : value
    return [`| \`${name}\` | \`${JSON.stringify(plain)}\` | ${told.replaceAll('|', '\\|')} |`]
  })
}

export function text(): string {
  const { contents } = parseDocument(readFileSync('charts/outrigger/values.yaml', 'utf8'))
  if (!isMap(contents)) throw new Error('values.yaml is no map')
  return `${HEAD}${rows(contents, '').join('\n')}\n`
}
