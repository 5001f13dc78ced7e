/** What a frame of `GET /events` shows of the whole sidecar. */
import type { Frame, State } from '../admin/index.ts'
import { BOUNDS, type ConfigSample, type ServiceTotals } from '../telemetry/index.ts'

const BOUNDS_MS = BOUNDS.map((bound) => bound * 1000)

/** `now` on the clock, ms. */
export function liveView(
  state: State,
  name: string,
  version: string,
  config: ConfigSample,
  services: readonly ServiceTotals[],
  now: number,
): Frame {
  return { now, name, version, config, bounds: BOUNDS_MS, services, ...state }
}
