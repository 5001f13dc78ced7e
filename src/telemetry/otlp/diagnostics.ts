/** What the SDK has to say, in our log and not on the console: a collector that is away is told once a minute. */
// cold file: seldom
import type { TelemetryOptions } from '../types.ts'

/** ms. */
const PAUSE = 60_000

type Say = (message: string, ...more: unknown[]) => void

export interface Diagnostics {
  readonly error: Say
  readonly warn: Say
  readonly info: Say
  readonly debug: Say
  readonly verbose: Say
}

export function quietDiagnostics({ log, clock }: TelemetryOptions): Diagnostics {
  let quietUntil = Number.NEGATIVE_INFINITY
  const say: Say = (message) => {
    if (clock.now() < quietUntil) return
    quietUntil = clock.now() + PAUSE
    log.warn('telemetry is not exported', { cause: String(message).slice(0, 500) })
  }
  const silent: Say = () => {}
  return { error: say, warn: say, info: silent, debug: silent, verbose: silent }
}
