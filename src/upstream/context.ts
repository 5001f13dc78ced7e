/** What every pool of a process shares. */
import type { LookupFunction } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Violation } from '../http/violation.ts'

export interface UpstreamContext {
  readonly clock: Clock
  readonly random: Random
  /** How an upstream broke the rules of HTTP/2. */
  violation(how: Violation): void
  defect(where: string, error: unknown): void
  /** How names are resolved; undefined: as the system does. */
  readonly lookup?: LookupFunction | undefined
}
