/** The way to the original destinations of redirected connections, where it is needed. */
// cold file: once, at start
import type { SidecarDocument } from '../../config/model.ts'
import type { MappedPort } from '../../config/values/ports.ts'
import { loadOriginalDestination, type OriginalDestinations } from '../../net/original-destination.ts'
import type { Log } from '../../telemetry/index.ts'

/** Rejects with a sentence where inbound connections could not be told apart. undefined: nobody needs it, or it is not to be had. */
export async function loadOriginals(
  { inbound, outbound }: SidecarDocument,
  portMap: readonly MappedPort[],
  log: Log,
): Promise<OriginalDestinations | undefined> {
  const redirected = inbound.some(({ app }) => app === 'original')
  if (!redirected && outbound?.transparent !== true) return undefined
  try {
    return await loadOriginalDestination()
  } catch (error) {
    const cause = (error as Error).message.split('\n')[0] ?? ''
    if (redirected && portMap.length === 0) {
      throw new Error(
        `koffi cannot be loaded, so nobody can say where redirected connections were going (${cause}); where there is no koffi for a platform, --inbound-port-map gives each port of the application a listener`,
        { cause: error },
      )
    }
    log.warn('koffi cannot be loaded: a listener for each port inbound, and outbound by Host alone', { cause })
    return undefined
  }
}
