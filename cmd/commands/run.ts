/** `outrigger run`: the sidecar. 0 after a drain, 1 for a bad configuration or a taken port, 2 for wrong usage. */
import { ConfigError } from '../../src/runtime/configuration.ts'
import { GivingBack } from '../../src/runtime/memory/giving-back.ts'
import { thisProcess } from '../../src/runtime/memory/process.ts'
import { type Sidecar, startSidecar } from '../../src/runtime/sidecar.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { OWN_VERSION } from '../../src/config/version.ts'
import { createLog, FileSink } from '../../src/telemetry/index.ts'
import { type RunOptions, runOptions } from './run-options.ts'

const USAGE = `usage: outrigger run [--config PATH]… [--name N] [--app HOST:PORT] [--inbound HOST:PORT]
                     [--outbound HOST:PORT] [--admin HOST:PORT] [--log-level error|warn|info|debug]
                     [--page-paths] [--metrics-compatibility istio] [--lenient-start] [--transparent]
                     [--opaque-ports PORTS] [--app-ports PORT=PROTOCOL,…] [--inbound-port-map APP:LISTENER,…]`

export async function run(args: readonly string[]): Promise<number> {
  let options: RunOptions
  try {
    options = runOptions(args, process.env)
  } catch (error) {
    process.stderr.write(`outrigger run: ${(error as Error).message}\n${USAGE}\n`)
    return 2
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  const clock = new SystemClock()
  const stderr = new FileSink(2, true)
  const log = createLog(options.logLevel, clock, stderr)
  let sidecar: Sidecar
  try {
    sidecar = await startSidecar({
      ...options,
      clock,
      log,
      version: OWN_VERSION,
      environment: process.env,
      onQuit: () => end(0),
    })
  } catch (error) {
    const lines = error instanceof ConfigError ? error.report : [`outrigger run: ${(error as Error).message}`]
    process.stderr.write(`${lines.join('\n')}\n`)
    return 1
  }
  // Before anybody hears that it is ready: who is told so may signal at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(sidecar, signal, end))
  // At any level: whoever started the process waits for this line.
  const { inbound, outbound, admin } = sidecar
  createLog('info', clock, stderr).info('ready', { inbound, outbound, admin })
  // What nothing caught is a defect; a process that ended would take every request in flight with it (G6).
  process.on('uncaughtException', (error) => sidecar.defect('uncaught exception', error))
  process.on('unhandledRejection', (error) => sidecar.defect('unhandled rejection', error))
  new GivingBack(clock, thisProcess()).start()
  const code = await ended
  log.info('ended')
  await sidecar.close()
  return code
}

let signals = 0

/** The first signal drains; the second ends at once. */
function stop(sidecar: Sidecar, signal: 'SIGTERM' | 'SIGINT', end: (code: number) => void): void {
  signals++
  if (signals === 1) void sidecar.drain().then(() => end(0))
  else end(signal === 'SIGINT' ? 130 : 143)
}
