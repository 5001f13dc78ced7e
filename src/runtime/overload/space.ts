/** What the process holds of what it may. */
// cold file: runs once per second
import { totalmem } from 'node:os'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { resident } from '../memory/resident.ts'

const MIB = 1024 * 1024

/** Bytes; 0: nobody has asked yet. */
let oldLimit = 0

/** Of what V8 may keep of old objects: where that is full, it ends the process. */
export function heapShare(): number {
  if (oldLimit === 0) oldLimit = getHeapStatistics().heap_size_limit - youngReserve(memory())
  let used = 0
  for (const { space_name: name, space_used_size: size } of getHeapSpaceStatistics()) {
    if (!name.startsWith('new_')) used += size
  }
  return used / oldLimit
}

/**
 * What V8's limit holds for the young generation beside the old one, bytes: three times the largest half, which is a 128th of
 * the memory there is, up to a power of two from 2 to 32 MiB. Ours never grows that large (cmd/heap.ts). So it is in Node 26;
 * with an older one nothing is taken off, for less than there is would be refused too early.
 */
function youngReserve(bytes: number): number {
  if (Number.parseInt(process.versions.node, 10) < 26) return 0
  const half = 2 ** Math.ceil(Math.log2(bytes / MIB / 128))
  return 3 * MIB * Math.min(32, Math.max(2, half))
}

function memory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

/** Of the limit of its control group; 0 where there is none. Without one Node says 0, or what no machine has. */
export function memoryShare(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? resident() / limit : 0
}
