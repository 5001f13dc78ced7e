/**
 * Preloaded into the sidecar that is attacked: on SIGUSR2 it says on stdout how late its event loop was since the last time, ms.
 * That is what the sidecar does to its neighbours, whatever the scheduler does to everybody.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** ms between two looks; a delay is counted with it. */
const RESOLUTION = 2
const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
delay.enable()
process.on('SIGUSR2', () => {
  const late = (ns) => Math.max(0, ns / 1e6 - RESOLUTION)
  process.stdout.write(`late ${late(delay.percentile(50))} ${late(delay.percentile(99))} ${late(delay.max)}\n`)
  delay.reset()
})
