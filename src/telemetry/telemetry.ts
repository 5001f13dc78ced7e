/** Puts the parts of telemetry together. */
import type { Telemetry, TelemetryOptions } from './types.ts'

export function createTelemetry(_options: TelemetryOptions): Telemetry {
  throw new Error('under construction')
}
