/**
 * `outrigger wait`: returns when the sidecar beside it has started. For `postStart` where it is a container like the others: the
 * kubelet starts the next one only then.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseDuration } from '../../src/config/values/units.ts'
import { command } from '../command-line/command.ts'
import { WAIT } from '../usage/hooks.ts'
import { adminAddress, askAdmin } from './admin-client.ts'

/** ms between questions, and for one. */
const PAUSE = 100
const TIMEOUT = 1000

export const wait = command(
  WAIT,
  (given) => ({ address: adminAddress(given), longest: given.read('timeout', parseDuration) }),
  async ({ address, longest }) => {
    const end = performance.now() + longest
    let last = ''
    do {
      try {
        const { status } = await askAdmin(address, 'GET', '/startupz', TIMEOUT)
        if (status === 200) return 0
        last = `/startupz answers ${status}`
      } catch (error) {
        last = (error as Error).message
      }
      await sleep(PAUSE)
    } while (performance.now() < end)
    return `the sidecar has not started within ${longest} ms: ${last}`
  },
)
