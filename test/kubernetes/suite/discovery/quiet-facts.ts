/** Nothing happens for a while: an API server sends no bookmark where it has no new place to tell, and that is no fault. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Report } from '../report.ts'
import type { World } from './world.ts'

/** ms; a bookmark would come once a minute. */
const QUIET = 100_000

export async function quietFacts(report: Report, world: World): Promise<void> {
  world.load.told()
  const place = world.log.length
  await pause(QUIET)
  report.same(`${QUIET / 1000} s in which no slice changes: the log has nothing to say`, world.logFrom(place), [''])
  const { requests, errors } = world.load.told()
  report.same(`${QUIET / 1000} s in which no slice changes: ${requests} requests, no client error`, errors, {})
}
