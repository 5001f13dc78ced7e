/** Which programs are used: those of the back end that works, and of several that work the one that has our rules already. */
import { isOurs } from './plan.ts'
import { readSaved, type Saved } from './saved.ts'
import type { Family } from './settings.ts'
import { type Backend, failure, type RunTool, type Tools, toolsOf } from './tools.ts'

/** A back end that can be used, and what stands in it. */
export interface Usable {
  readonly tools: Tools
  readonly saved: Saved
}

export interface Found {
  /** Best first; empty: none can be used. */
  readonly usable: readonly Usable[]
  /** A sentence about each that cannot. */
  readonly problems: readonly string[]
}

/** nft's programs say so of themselves; the legacy ones are asked only then, for asking makes their tables. */
const LEGACY_TOO = /ip6?tables-legacy tables present/

/** `only` undefined: nft, then legacy, then those that do not say which they are. */
export function findBackends(family: Family, only: Backend | undefined, run: RunTool): Found {
  const usable: Usable[] = []
  const problems: string[] = []
  const look = (name: Backend | ''): boolean => {
    const tools = toolsOf(family, name)
    const ran = run(tools.save, ['-t', 'nat'], '')
    const works = ran.status === 0
    if (works) usable.push({ tools, saved: readSaved(ran.stdout) })
    else problems.push(failure(tools.save, ran))
    return works && !LEGACY_TOO.test(ran.stdout + ran.stderr)
  }
  if (only !== undefined) look(only)
  else if (!look('nft')) {
    look('legacy')
    if (usable.length === 0) look('')
  }
  const ours = usable.filter(({ saved }) => isOurs(saved))
  return { usable: [...ours, ...usable.filter((one) => !ours.includes(one))], problems }
}
