/** Every problem the loader and the runtime can report, and how a report is put together. `docs/problems.md` explains each. */
import type { Issue, Place } from './model.ts'

/**
 * Code → what is wrong, in a few words; `E…` are errors, `W…` warnings. A code never changes its meaning, and one that is gone
 * is not given again.
 */
export const PROBLEMS = {
  E001: 'a path cannot be read',
  E002: 'the text is not YAML',
  E003: 'a key stands twice',
  E004: 'a tag',
  E005: 'a merge key',
  E006: 'too many aliases',
  E007: 'not YAML 1.2',
  E010: 'no such kind',
  E012: 'not a version',
  E013: 'a name twice',
  E014: 'more than one Sidecar',
  E020: 'unknown key',
  E021: 'a key is missing',
  E022: 'wrong type',
  E023: 'a unit is missing',
  E024: 'not written as it must be',
  E025: 'out of range',
  E026: 'none of the words allowed',
  E027: 'IPv6 without quotes',
  E028: 'keys that exclude each other',
  E040: 'no such Service',
  E041: 'no such Profile',
  E042: 'a host claimed twice',
  E043: 'wrong direction',
  E044: 'hedge beside retry',
  E045: 'perTry over request',
  E046: 'unsafe retries not confirmed',
  E047: 'an address twice',
  E048: 'no such source',
  E049: 'no shadow mode',
  E050: 'a tie between policies',
  E051: 'a circle of fallbacks',
  E052: 'a tail without a rule',
  E060: 'a certificate or a key cannot be read',
  E061: 'not a certificate, not a key',
  E062: "the key is not the certificate's",
  E063: 'a password cannot be read',
  W001: 'the attempts do not fit into the request',
  W002: 'perTry is as long as the request',
  W003: 'a breaker window too short to see a failure',
  W004: 'the queue outlasts the request',
  W005: 'retries of any method',
  W006: 'a cached fallback for writes',
  W007: 'outlier with one endpoint',
  W008: 'a fault is active, or past its time',
  W009: 'a request timeout on a stream',
  W010: 'a made-up success for writes',
  W011: 'a field of a less specific block is lost',
  W012: 'a document for a newer version',
  W013: 'one address for many endpoints',
  W014: 'a certificate that does not hold now',
  W015: 'a chain of certificates that is none',
  W016: 'perTry without a second try',
  W017: 'retries without a timeout',
  W018: 'more calls asked for than the window holds',
  W019: 'hedge with one endpoint',
  W020: 'a name in a body that no path has',
  W021: 'a drain that waits longer than it lasts',
} as const satisfies Record<string, string>

export type Code = keyof typeof PROBLEMS

export function issue(code: Code, place: Place, message: string): Issue {
  return { severity: code.startsWith('E') ? 'error' : 'warning', code, message: oneLine(message), place }
}

/** `file:line:column: error CODE message`, one line whatever the files hold. */
export function formatIssue(issue: Issue): string {
  const { file, line, column } = issue.place
  return `${oneLine(file)}:${line}:${column}: ${issue.severity} ${issue.code} ${issue.message}`
}

/** Control characters are shown, not sent to the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => JSON.stringify(char).slice(1, -1))
}

/** Collects what is wrong. */
export class Report {
  readonly issues: Issue[] = []
  /** How many of them are errors. */
  errors = 0

  add(code: Code, place: Place, message: string): void {
    this.take(issue(code, place, message))
  }

  take(issue: Issue): void {
    this.issues.push(issue)
    if (issue.severity === 'error') this.errors++
  }

  takeAll(other: Report): void {
    for (const issue of other.issues) this.take(issue)
  }
}

/** In the order of `files`, then from top to bottom; what stands at one place keeps the order it was found in. */
export function inFileOrder(issues: readonly Issue[], files: readonly string[]): Issue[] {
  const rank = new Map(files.map((file, index) => [file, index]))
  const of = (issue: Issue) => rank.get(issue.place.file) ?? files.length
  return [...issues].sort((a, b) => of(a) - of(b) || a.place.line - b.place.line || a.place.column - b.place.column)
}
