/** `outrigger injector`: the webhooks. */
import { SystemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { KubernetesApi } from '../../src/kubernetes/api/client.ts'
import { openConnection } from '../../src/kubernetes/api/connection.ts'
import { Injector, SettingsError } from '../../src/kubernetes/injector/injector.ts'
import { checkTexts } from '../../src/runtime/check-config.ts'
import { createLog, FileSink } from '../../src/telemetry/index.ts'
import { command } from '../command-line/command.ts'
import { INJECTOR } from '../usage/injector.ts'
import { injectorOptions } from './injector-options.ts'

export const injector = command(INJECTOR, injectorOptions, async (flags, { err, environment }) => {
  const clock = new SystemClock()
  const sink = new FileSink(2, true)
  const log = createLog(flags.logLevel, clock, sink)
  let running: Injector
  try {
    running = new Injector({
      ...flags,
      api: new KubernetesApi(openConnection(flags.places, environment, clock)),
      clock,
      random: systemRandom(),
      log,
      checkPolicies: (files) => checkTexts(files, { now: clock.wallTime() }).issues,
    })
    await running.start()
  } catch (error) {
    if (!(error instanceof SettingsError)) return (error as Error).message
    err(`${error.report.join('\n')}\n`)
    return 1
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  running.failed.then((error) => {
    err(`outrigger injector: ${error.message}\n`)
    end(1)
  })
  let signals = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // The second signal ends at once.
      if (signals++ === 0) void running.drain().then(() => end(0))
      else end(signal === 'SIGINT' ? 130 : 143)
    })
  }
  process.on('uncaughtException', (error) => log.error('uncaught exception', { error }))
  process.on('unhandledRejection', (error) => log.error('unhandled rejection', { error }))
  createLog('info', clock, sink).info('ready', { admin: running.adminAddress })
  const code = await ended
  log.info('ended')
  return code
})
