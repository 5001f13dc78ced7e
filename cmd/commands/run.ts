/** `outrigger run`: the sidecar. */
import { isatty } from 'node:tty'
import { ConfigError } from '../../src/runtime/configuration.ts'
import { GivingBack } from '../../src/runtime/memory/giving-back.ts'
import { thisProcess } from '../../src/runtime/memory/process.ts'
import { type Sidecar, startSidecar } from '../../src/runtime/sidecar.ts'
import { serveFirst } from '../../src/runtime/threads.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { OWN_VERSION } from '../../src/config/version.ts'
import { createLog, FileSink } from '../../src/telemetry/index.ts'
import { command } from '../command-line/command.ts'
import { RUN } from '../usage/run.ts'
import { runOptions } from './run-options.ts'

export const run = command(RUN, runOptions, async (options, { err, environment }) => {
  serveFirst()
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
      environment,
      shutsDoor: true,
      onQuit: () => end(0),
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) return (error as Error).message
    err(`${error.report.join('\n')}\n`)
    return 1
  }
  // Before anybody hears that it is ready: who is told so may signal at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(sidecar, signal, end))
  // A terminal that is closed ends what runs in it; to a server it says to look at its files, of which one may be moved away.
  process.on('SIGHUP', () => {
    if (isatty(0)) stop(sidecar, 'SIGHUP', end)
    else {
      sidecar.reopenLog()
      sidecar.reload()
    }
  })
  // As nginx and Envoy have it. Node would open a debugger, which the other containers of a pod could then use.
  process.on('SIGUSR1', () => sidecar.reopenLog())
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
})

/** 128 and the signal's number. */
const ENDED_BY = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

let signals = 0

/** The first signal drains; the second ends at once. */
function stop(sidecar: Sidecar, signal: keyof typeof ENDED_BY, end: (code: number) => void): void {
  signals++
  if (signals === 1) void sidecar.drain().then(() => end(0))
  else end(ENDED_BY[signal])
}
