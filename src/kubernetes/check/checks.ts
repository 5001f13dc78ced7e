/** Every check, in the order in which it is told. */
import type { Check, Result } from './finding.ts'
import { clusterChecks } from './rules/cluster.ts'
import { injectorChecks } from './rules/injector.ts'
import { namespaceChecks } from './rules/namespaces.ts'
import { workloadChecks } from './rules/workloads.ts'
import type { Snapshot } from './snapshot.ts'

export const CHECKS: readonly Check[] = [...clusterChecks, ...injectorChecks, ...workloadChecks, ...namespaceChecks]

export function runChecks(snapshot: Snapshot): Result[] {
  const when = snapshot.options.pre ? 'pre' : 'post'
  return CHECKS.filter((check) => check.when === 'both' || check.when === when).map((check) => ({
    check,
    findings: check.run(snapshot),
  }))
}
