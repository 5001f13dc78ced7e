/** The suites of `npm run test:kubernetes`, in the order in which they run. */
import { apiServer } from './api-server/suite.ts'
import { discovery } from './discovery/suite.ts'
import { injector } from './injector/suite.ts'
import { node } from './node/suite.ts'
import type { Suite } from './suite.ts'

export const suites: readonly Suite[] = [apiServer, injector, discovery, node]
