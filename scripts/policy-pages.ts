/** What our documents lack or make up: pages of policies, fields of their blocks, shadow mode, names of metrics. */
import type { PolicyModule, Schema } from '../src/core/policy.ts'
import type { SourceFile } from './files.ts'

type Documented = Pick<PolicyModule<never>, 'name' | 'schema' | 'shadow'>

/** Not followed by what makes it the beginning of several names. */
const METRIC = /\boutrigger_[a-z0-9]+(?:_[a-z0-9]+)*(?![a-z0-9_*…{]*[_*…])/g

/** `rateLimit` → `docs/policies/rate-limit.md`. */
export function pageOf(name: string): string {
  return `docs/policies/${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.md`
}

/** `page` gives the text of a page, or undefined where there is none. */
export function pageProblems(modules: readonly Documented[], page: (path: string) => string | undefined): string[] {
  return modules.flatMap(({ name, schema, shadow }) => {
    const path = pageOf(name)
    const text = page(path)
    if (text === undefined) return [`${path}:1: is missing, and there is a policy ${name}`]
    const fields = new Set(fieldsOf(schema).map((field) => field.replace(/^\./, '')))
    const missing = [...fields].filter((field) => !stands(field, text))
    return [
      ...missing.map((field) => `${path}:1: has no row for the field ${field}`),
      ...(shadow && !/\bshadow\b/i.test(text) ? [`${path}:1: does not mention shadow mode, which the block has`] : []),
    ]
  })
}

/** Dotted paths of all that takes a value, below lists too. A list of objects counts as the fields of its objects. */
function fieldsOf(schema: Schema, path = ''): string[] {
  const inner = schema.items ?? schema
  const shapes = [inner, ...(inner.oneOf ?? [])].filter(({ properties }) => properties !== undefined)
  const below = shapes.flatMap(({ properties }) =>
    Object.entries(properties ?? {}).flatMap(([key, value]) => fieldsOf(value, `${path}.${key}`)),
  )
  return below.length > 0 || path === '' ? below : [path]
}

/** In the first column of a table by its path, or as a key of the mapping that the row of its parent shows. */
function stands(field: string, text: string): boolean {
  const rows = text.split('\n').filter((line) => line.startsWith('|'))
  const first = (row: string) => row.split('|')[1] ?? ''
  // `allow[].source` is the field allow.source.
  const named = (name: string) => rows.filter((row) => first(row).replaceAll('[]', '').includes(`\`${name}\``))
  if (named(field).length > 0) return true
  const cut = field.lastIndexOf('.')
  if (cut < 0) return false
  const key = new RegExp(`[{,\`][^\`]*\\b${field.slice(cut + 1)}\\b`)
  return named(field.slice(0, cut)).some((row) => key.test(row))
}

/** Names of metrics in our documents that no source file has; `outrigger_shadow_…` and `outrigger_*` are no names. */
export function metricProblems(documents: readonly SourceFile[], sources: readonly SourceFile[]): string[] {
  const known = new Set(sources.flatMap(({ text }) => text.match(METRIC) ?? []))
  return documents.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        (line.match(METRIC) ?? [])
          .filter((name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|count|sum)$/, '')))
          .map((name) => `${path}:${index + 1}: names the metric ${name}, which does not exist`),
      ),
  )
}
