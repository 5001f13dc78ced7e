/** This process, as far as its memory goes. */
import { collectHard, collectSoon } from '../../core/garbage.ts'
import { dropper } from './file-pages.ts'
import type { Process } from './giving-back.ts'
import { held } from './held.ts'
import { trimmer } from './malloc.ts'

export function thisProcess(): Process {
  return {
    cpu() {
      const { user, system } = process.cpuUsage()
      return user + system
    },
    held,
    collect: collectSoon,
    purge: collectHard,
    trim: trimmer(),
    drop: dropper(),
  }
}
