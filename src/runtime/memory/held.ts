/** What the process holds of its own: without pages of files, which are the system's and come back by themselves. */
import { readFileSync } from 'node:fs'
import { resident } from './resident.ts'

let last = 0

/** Bytes. Where no descriptor is left to ask with, what was said last; where the system does not tell it, all that is resident. */
export function held(): number {
  try {
    const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
    if (kib !== undefined) last = Number(kib) * 1024
  } catch {}
  return last === 0 ? resident() : last
}
