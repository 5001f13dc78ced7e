/** What a check found. */
import type { Snapshot } from './snapshot.ts'

export type Severity = 'ok' | 'warning' | 'error' | 'skipped'

export interface Finding {
  readonly severity: Severity
  /** `pod shop/orders-1`; '': the cluster. */
  readonly subject: string
  readonly message: string
}

export interface Check {
  /** `OC010`; a code never changes its meaning. docs/kubernetes.md has each. */
  readonly code: string
  readonly title: string
  /** What to do about it. */
  readonly hint: string
  /** `pre`: before an installation; `post`: after it; `both`. */
  readonly when: 'pre' | 'post' | 'both'
  /** Nothing found is good. Pure. */
  run(snapshot: Snapshot): Finding[]
}

export interface Result {
  readonly check: Check
  readonly findings: readonly Finding[]
}

export function error(subject: string, message: string): Finding {
  return { severity: 'error', subject, message }
}

export function warning(subject: string, message: string): Finding {
  return { severity: 'warning', subject, message }
}

export function ok(message: string): Finding {
  return { severity: 'ok', subject: '', message }
}

/** What the check is about may not be read, or is not there. */
export function skipped(message: string): Finding {
  return { severity: 'skipped', subject: '', message }
}
