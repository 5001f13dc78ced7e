/**
 * `outrigger drain`: the sidecar beside it is not ready any more and sends its clients away, answer by answer, but takes what
 * comes. For a pod's `preStop`: endpoints are told of a pod's end while it still gets requests.
 */
import { parseArgs } from 'node:util'
import { type Address, adminAddress, askAdmin } from './admin-client.ts'

const USAGE = 'usage: outrigger drain [--admin HOST:PORT]'
/** ms. */
const TIMEOUT = 2000

export async function drain(args: readonly string[]): Promise<number> {
  let address: Address
  try {
    const { values } = parseArgs({ args: [...args], options: { admin: { type: 'string' } } })
    address = adminAddress(values.admin, process.env)
  } catch (error) {
    process.stderr.write(`outrigger drain: ${(error as Error).message}\n${USAGE}\n`)
    return 2
  }
  try {
    const { status, body } = await askAdmin(address, 'POST', '/announce', TIMEOUT)
    if (status === 200) return 0
    process.stderr.write(`outrigger drain: the sidecar answers ${status}: ${body}\n`)
  } catch (error) {
    process.stderr.write(`outrigger drain: ${(error as Error).message}\n`)
  }
  return 1
}
