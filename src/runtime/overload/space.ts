/** What the process holds of what it may. */
// cold file: runs once per second
import { getHeapStatistics } from 'node:v8'
import { resident } from '../memory/resident.ts'

export function heapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return used / limit
}

/** Of the limit of its control group; 0 where there is none. Without one Node says 0, or what no machine has. */
export function memoryShare(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? resident() / limit : 0
}
