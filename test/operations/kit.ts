/** The operations kit as it is shipped, and what its expressions may name. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { World } from '../telemetry/world.ts'

export interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
}

export function shipped(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

export const RULES_FILE = fileURLToPath(new URL('../../charts/outrigger/rules/outrigger.yaml', import.meta.url))

export function rules(): readonly Rule[] {
  const { groups } = parse(readFileSync(RULES_FILE, 'utf8')) as { groups: { rules: Rule[] }[] }
  return groups.flatMap((group) => group.rules)
}

/** Every name under which a sidecar, or a rule of ours, has samples. */
export async function knownMetrics(): Promise<ReadonlySet<string>> {
  const text = await new World().metrics()
  const known = new Set(rules().flatMap(({ record }) => record ?? []))
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    for (const suffix of suffixes) known.add(name + suffix)
  }
  return known
}

/** Labels of the metrics that docs/metrics.md lists, of a scrape's target, and of buckets. */
export function knownLabels(): ReadonlySet<string> {
  const words = shipped('docs/metrics.md').matchAll(/`([a-z_]+)`/g)
  return new Set([...Array.from(words, ([, word]) => word as string), 'job', 'instance', 'le'])
}

/** undefined: it is not installed (Debian package prometheus). */
export function promtool(...args: string[]): { readonly status: number | null; readonly output: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
  return error === undefined ? { status, output: stdout + stderr } : undefined
}
