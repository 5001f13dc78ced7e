/** The field Proxy-Status: RFC 9209 §2. */
import type { ReasonRow } from './errors.ts'

/** Which intermediary, what kind of error; the reason in `details`, and no address. */
export function proxyStatus(row: ReasonRow, reason: string): string {
  return `outrigger; error=${row.proxyStatus}; details="${reason}"`
}
