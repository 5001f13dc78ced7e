/**
 * `outrigger drain`: the sidecar beside it is not ready any more and sends its clients away, answer by answer, but takes what
 * comes. For a pod's `preStop`: endpoints are told of a pod's end while it still gets requests.
 */
import { command } from '../command-line/command.ts'
import { DRAIN } from '../usage/hooks.ts'
import { adminAddress, askAdmin } from './admin-client.ts'

/** ms. */
const TIMEOUT = 2000

export const drain = command(DRAIN, adminAddress, async (address) => {
  try {
    const { status, body } = await askAdmin(address, 'POST', '/announce', TIMEOUT)
    return status === 200 ? 0 : `the sidecar answers ${status}: ${body}`
  } catch (error) {
    return (error as Error).message
  }
})
