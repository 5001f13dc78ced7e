import { createLog, createTelemetry, type Telemetry } from '../../src/telemetry/index.ts'
import { contractSuite } from '../contract/suite.ts'
import { MemorySink } from './world.ts'

type Env = Parameters<Parameters<typeof contractSuite>[1]>[0]

function telemetry({ clock, random }: Env): Telemetry {
  return createTelemetry({
    sidecar: {
      name: 'orders',
      // Its batches run on a timer of their own, which the suite would count as left behind.
      accessLog: { format: 'none', sample: 1, output: 'stdout' },
      tracing: { sample: 0.5, propagators: ['tracecontext', 'b3'] },
      metrics: { idle: 3_600_000, compatibility: [] },
    },
    clock,
    random,
    log: createLog('error', clock, new MemorySink()),
    version: '',
    environment: {},
  })
}

contractSuite('telemetry, server', (env) => ({ layer: telemetry(env).server }))
contractSuite('telemetry, attempt', (env) => ({ layer: telemetry(env).attempt }))
