/** The chart as the tests read it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const CHART = join(import.meta.dirname, '../../charts/outrigger')

export const read = (path: string): string => readFileSync(join(CHART, path), 'utf8')

export const names = (folder: string, ending: string): string[] =>
  readdirSync(join(CHART, folder))
    .filter((name) => name.endsWith(ending))
    .sort()

// biome-ignore lint/suspicious/noExplicitAny: any YAML
export const yaml = (path: string): any => parse(read(path))

/** One file of values for each mode, as paths below the chart. */
export const VALUES: readonly string[] = names('ci', '-values.yaml').map((name) => `ci/${name}`)

/** `a.b.c` of everything in a tree of values that is no map, or an empty one. */
export function leaves(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    return [prefix]
  return Object.entries(value).flatMap(([key, one]) => leaves(one, prefix === '' ? key : `${prefix}.${key}`))
}
