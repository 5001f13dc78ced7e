/** `outrigger healthz`: 0 if the sidecar beside it answers its liveness probe, else 1. What HEALTHCHECK of the image calls. */
import { parseArgs } from 'node:util'
import { type Address, adminAddress, askAdmin } from './admin-client.ts'

const USAGE = 'usage: outrigger healthz [--admin HOST:PORT]'
/** ms; the image gives the check 3 s in all. */
const TIMEOUT = 2000

export async function healthz(args: readonly string[]): Promise<number> {
  let address: Address
  try {
    const { values } = parseArgs({ args: [...args], options: { admin: { type: 'string' } } })
    address = adminAddress(values.admin, process.env)
  } catch (error) {
    process.stderr.write(`outrigger healthz: ${(error as Error).message}\n${USAGE}\n`)
    return 2
  }
  try {
    const { status } = await askAdmin(address, 'GET', '/livez', TIMEOUT)
    if (status === 200) return 0
    process.stderr.write(`outrigger healthz: /livez answers ${status}\n`)
  } catch (error) {
    process.stderr.write(`outrigger healthz: ${(error as Error).message}\n`)
  }
  return 1
}
