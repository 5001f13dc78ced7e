import { variable } from './flags.ts'

/** Every flag has a variable: `--config` is OUTRIGGER_CONFIG. One that is empty says nothing. */
export function environment(flag: string): string | undefined {
  return process.env[variable(flag)] || undefined
}

/** Paths in a variable are separated by `:`, as for `run`. */
export function pathsFrom(flag: string): string[] {
  return environment(flag)?.split(':').filter(Boolean) ?? []
}
