/** `2 errors and 1 warning`. */
import type { Issue } from '../model.ts'

export interface Counts {
  readonly errors: number
  readonly warnings: number
}

export function countOf(issues: readonly Issue[]): Counts {
  const errors = issues.filter((issue) => issue.severity === 'error').length
  return { errors, warnings: issues.length - errors }
}

export function inWords({ errors, warnings }: Counts): string {
  return `${plural(errors, 'error')} and ${plural(warnings, 'warning')}`
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
