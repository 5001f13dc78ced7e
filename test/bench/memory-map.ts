/** Whose a process's resident memory is, told from what its maps look like (`/proc/PID/smaps`). */
import { readFileSync } from 'node:fs'

export type Owner = 'V8 pages' | 'V8 machine code' | 'C library' | 'other maps' | 'stacks' | 'file pages'

interface Area {
  readonly from: number
  readonly to: number
  readonly access: string
  readonly name: string
  /** KiB. */
  rss: number
  anonymous: number
}

const HEADING = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)$/
/** A page of V8's heap begins and ends at a multiple of this. */
const V8_PAGE = 256 * 1024
/** So much is set aside for each arena of glibc, and begins at a multiple of itself. */
const ARENA = 64 * 1024 * 1024

function areas(pid: number): Area[] {
  const all: Area[] = []
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const [, from = '', to = '', access = '', name = ''] = HEADING.exec(line) ?? []
    if (from !== '') {
      all.push({ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), access, name, rss: 0, anonymous: 0 })
      continue
    }
    const last = all.at(-1)
    if (last === undefined) continue
    const kib = Number(/(\d+) kB$/.exec(line)?.[1] ?? 0)
    if (line.startsWith('Rss:')) last.rss = kib
    else if (line.startsWith('Anonymous:')) last.anonymous = kib
  }
  return all
}

function ownerOf({ from, to, access, name }: Area, before: Area | undefined, after: Area | undefined): Owner {
  if (name === '[heap]') return 'C library'
  if (name === '[stack]') return 'stacks'
  if (name !== '' && !name.startsWith('[')) return 'other maps'
  if (from % ARENA === 0 && after?.from === to && after.access.startsWith('---') && after.to - from === ARENA)
    return 'C library'
  const guarded = before?.to === from && before.access.startsWith('---') && before.to - before.from <= 64 * 1024
  if (guarded && to - from >= 1024 * 1024) return 'stacks'
  if (access.includes('x')) return 'V8 machine code'
  return from % V8_PAGE === 0 && (to - from) % V8_PAGE === 0 ? 'V8 pages' : 'other maps'
}

/** MiB by owner; `other maps` is the text of the bundle, which lies outside of V8's heap, and what is left. */
export function memoryMap(pid: number): Map<Owner, number> {
  const all = areas(pid)
  const found = new Map<Owner, number>()
  const add = (owner: Owner, kib: number): void => void found.set(owner, (found.get(owner) ?? 0) + kib / 1024)
  for (const [i, area] of all.entries()) {
    add(ownerOf(area, all[i - 1], all[i + 1]), area.anonymous)
    add('file pages', area.rss - area.anonymous)
  }
  return found
}
