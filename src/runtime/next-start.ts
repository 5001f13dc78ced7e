/** The flags over the files, and what of the Sidecar document a running process cannot change. */
import type { Config, SidecarDocument } from '../config/model.ts'
import type { Log } from '../telemetry/index.ts'
import { type RunFlags, withFlags } from './flags.ts'

/**
 * Lays the flags over each configuration that is loaded. The first one is that of the start: listeners, limits and the like
 * hold until the next, and whoever changed them is told.
 */
export function heldUntilNextStart(flags: RunFlags, log: Log): (config: Config) => Config {
  let first: SidecarDocument | undefined
  return function adapt(config) {
    const sidecar = withFlags(config.sidecar, flags)
    if (first === undefined) {
      first = sidecar
      return { ...config, sidecar }
    }
    if (config.sidecar.place !== undefined) noteChanges(first, sidecar, config.sidecar.place.file, log)
    const { outbound } = first
    const unknownHosts = sidecar.outbound?.unknownHosts ?? outbound?.unknownHosts ?? 'refuse'
    return { ...config, sidecar: { ...first, outbound: outbound && { ...outbound, unknownHosts } } }
  }
}

function noteChanges(first: SidecarDocument, now: SidecarDocument, file: string, log: Log): void {
  const changed = changedKeys(first, now)
  if (changed.length === 0) return
  log.warn(`the Sidecar document changed in ${changed.join(', ')}: that takes effect at the next start`, { file })
}

/** What differs, but for what a reload takes over and where it stands. */
function changedKeys(one: SidecarDocument, other: SidecarDocument): string[] {
  const keys = Object.keys(one) as (keyof SidecarDocument)[]
  const text = (document: SidecarDocument, key: keyof SidecarDocument) =>
    JSON.stringify(key === 'outbound' ? [document.outbound?.listen, document.outbound?.transparent] : document[key])
  return keys.filter((key) => key !== 'place' && text(one, key) !== text(other, key))
}
