/**
 * `outrigger wait`: returns when the sidecar beside it has started. For `postStart` where it is a container like the others: the
 * kubelet starts the next one only then.
 */
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseDuration } from '../../src/config/values/units.ts'
import { type Address, adminAddress, askAdmin } from './admin-client.ts'
import { readFlag } from './flags.ts'

const USAGE = 'usage: outrigger wait [--timeout DURATION] [--admin HOST:PORT]'
/** ms between questions, and for one. */
const PAUSE = 100
const TIMEOUT = 1000

export async function wait(args: readonly string[]): Promise<number> {
  let address: Address
  let longest: number
  try {
    const options = { admin: { type: 'string' }, timeout: { type: 'string' } } as const
    const { values } = parseArgs({ args: [...args], options })
    address = adminAddress(values.admin, process.env)
    longest = readFlag('timeout', values.timeout ?? '60s', parseDuration)
  } catch (error) {
    process.stderr.write(`outrigger wait: ${(error as Error).message}\n${USAGE}\n`)
    return 2
  }
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
  process.stderr.write(`outrigger wait: the sidecar has not started within ${longest} ms: ${last}\n`)
  return 1
}
