/** The suites of `npm run test:kubernetes`, in the order in which they run. */
import { apiServer } from './api-server/suite.ts'
import { discovery } from './discovery/suite.ts'
import { injector } from './injector/suite.ts'
import { node } from './node/suite.ts'
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

export const suites: readonly Suite[] = [apiServer, injector, discovery, node]
