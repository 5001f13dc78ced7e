/** What Linux tells of a process and its descendants. Elsewhere there is no /proc, and no figures. */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second of /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS = 100

interface Stat {
  readonly parent: number
  /** Ticks of the process and of the children it has waited for. */
  readonly ticks: number
}

function stat(pid: number | string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return { parent: Number(fields[1]), ticks }
  } catch {
    return undefined
  }
}

/** The process and all its descendants. */
export function tree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? stat(name) : undefined
    if (found !== undefined) children.set(found.parent, [...(children.get(found.parent) ?? []), Number(name)])
  }
  const all = [root]
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i] as number) ?? []))
  return all
}

/** CPU seconds of the whole tree since it began. */
export function cpuSeconds(root: number): number {
  return tree(root).reduce((sum, pid) => sum + (stat(pid)?.ticks ?? 0), 0) / TICKS
}

/** CPU seconds that all cores were busy, whoever had them. */
export function machineSeconds(): number {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'latin1').split(/\s+/, 9).map(Number)
  return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0)) / TICKS
}

export interface Memory {
  /** MiB; file pages of several processes counted once. */
  readonly rss: number
  readonly anonymous: number
}

export function memory(root: number): Memory {
  let anonymous = 0
  let shared = 0
  for (const pid of tree(root)) {
    const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    let status = ''
    try {
      status = readFileSync(`/proc/${pid}/status`, 'latin1')
    } catch {
      continue
    }
    anonymous += kib('RssAnon')
    shared = Math.max(shared, kib('RssFile') + kib('RssShmem'))
  }
  return { rss: (anonymous + shared) / 1024, anonymous: anonymous / 1024 }
}

/** Open descriptors: sockets, files, pipes. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
