/** Issues for programs: one object, places flat. */
import type { Issue } from '../model.ts'
import { countOf } from './count.ts'

export function toJson(issues: readonly Issue[], files: readonly string[]): string {
  const list = issues.map(({ severity, code, message, place }) => ({ ...place, severity, code, message }))
  return `${JSON.stringify({ ok: countOf(issues).errors === 0, ...countOf(issues), files, issues: list }, null, 2)}\n`
}
