/**
 * Lets go of pages of Node's own file, which are half of what an idle sidecar holds: the linker's tables, the snapshot that Node
 * starts from, the texts of its modules and its compilers are needed for a moment and stay mapped, and with each page that is
 * touched Linux maps the fifteen around it. A page that is needed again is mapped again, from the file as the system keeps it:
 * `madvise` and what follows take half a millisecond together.
 */
import { readFile } from 'node:fs'
import { foreign } from './foreign.ts'

/** `madvise(2)`: what lies here may be forgotten; it is read from the file when it is touched next. */
const MADV_DONTNEED = 4

export interface Range {
  readonly from: bigint
  readonly length: bigint
}

const HEADING = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(.*)$/
/** Libraries that are linked to a program; they stay where they are until it ends. */
const LINKED = /\/lib[^/]*\.so[.\d]*$/

/**
 * Maps of `executable` and of the libraries linked to it that hold nothing but what stands in the file, told from
 * `/proc/PID/smaps`. One that was written to, as what the linker relocates is before it is made read-only, would lose that, also
 * if what was written has been swapped out.
 */
export function untouched(smaps: string, executable: string): Range[] {
  const found: Range[] = []
  for (const map of smaps.split(/\n(?=[0-9a-f]+-)/)) {
    const [, from = '', to = '', access = '', name = ''] = HEADING.exec(map.slice(0, map.indexOf('\n'))) ?? []
    const isOurs = name === executable || LINKED.test(name)
    if (!isOurs || access.includes('w') || !access.endsWith('p')) continue
    if (!['Anonymous', 'Private_Dirty', 'Swap'].every((field) => new RegExp(`^${field}: +0 kB$`, 'm').test(map)))
      continue
    found.push({ from: BigInt(`0x${from}`), length: BigInt(`0x${to}`) - BigInt(`0x${from}`) })
  }
  return found
}

/** Returns a function that does nothing until the maps were read, and for ever where they cannot be. */
export function dropper(): () => void {
  const advise = foreign('madvise', { arguments: ['u64', 'u64', 'i32'], return: 'i32' })
  let ranges: readonly Range[] = []
  if (advise === undefined) return () => {}
  // Not at once: the system walks through every page of the process, which takes it 10 ms.
  readFile('/proc/self/smaps', 'latin1', (error, smaps) => {
    if (error === null) ranges = untouched(smaps, process.execPath)
  })
  return () => {
    for (const { from, length } of ranges) advise(from, length, MADV_DONTNEED)
  }
}
