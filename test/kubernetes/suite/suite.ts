/** One suite of `npm run test:kubernetes`. */
import type { Report } from './report.ts'

export interface Suite {
  readonly name: string
  /** What it shows, half a sentence. */
  readonly shows: string
  /** What has to be there and is not, in one line; undefined: it can run. */
  lacks(): string | undefined
  /** Leaves nothing behind, also where it throws. */
  run(report: Report): Promise<void>
}
