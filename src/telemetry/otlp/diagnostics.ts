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
  const say = (what: string, said: readonly unknown[]) => {
    if (clock.now() < quietUntil) return
    quietUntil = clock.now() + PAUSE
    log.warn(what, { cause: said.map(worded).join(' ').slice(0, 500) })
  }
  const silent: Say = () => {}
  return {
    error: (...said) => say('telemetry is not exported', said),
    // Of a partial success too: what the collector did not want, and why, stands behind the message.
    warn: (...said) => say('a warning about the export of telemetry', said),
    info: silent,
    debug: silent,
    verbose: silent,
  }
}

function worded(one: unknown): string {
  return typeof one === 'object' && !(one instanceof Error) ? JSON.stringify(one) : String(one)
}
