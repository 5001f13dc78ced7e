/** `outrigger healthz`: 0 if the sidecar beside it answers its liveness probe, else 1. What HEALTHCHECK of the image calls. */
import { command } from '../command-line/command.ts'
import { HEALTHZ } from '../usage/hooks.ts'
import { adminAddress, askAdmin } from './admin-client.ts'

/** ms; the image gives the check 3 s in all. */
const TIMEOUT = 2000

export const healthz = command(HEALTHZ, adminAddress, async (address) => {
  try {
    const { status } = await askAdmin(address, 'GET', '/livez', TIMEOUT)
    return status === 200 ? 0 : `/livez answers ${status}`
  } catch (error) {
    return (error as Error).message
  }
})
