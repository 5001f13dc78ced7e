/** This process, as far as its memory goes. */
import { collectHard, collectSoon } from '../../core/garbage.ts'
import { trimmer } from './malloc.ts'
import type { Process } from './giving-back.ts'
import { resident } from './resident.ts'

export function thisProcess(): Process {
  return {
    cpu() {
      const { user, system } = process.cpuUsage()
      return user + system
    },
    resident,
    collect: collectSoon,
    purge: collectHard,
    trim: trimmer(),
  }
}
