/**
 * What V8 is told before it has done anything, for there is no flag in a `bin`. Measured in docs/decisions/0020-heap.md:
 *
 * - The young generation stays at its first size. A proxy's garbage is young and small, and a larger nursery is filled
 *   before it is looked at.
 * - The old generation is looked through when it has doubled, not when it has grown by what V8 finds worth its while: with
 *   many exchanges at once what dies young is often old by then, and 25 MB of it would lie about.
 * - One thread for each compiler, and what a compilation needed is freed by the thread that asked for it: else each of
 *   them keeps the most it ever needed.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=100')
// Older versions have no such flags, and say so on stderr.
if (Number.parseInt(process.versions.node, 10) >= 26) {
  setFlagsFromString('--no-maglev-destroy-on-background')
  setFlagsFromString('--no-maglev-build-code-on-background')
  setFlagsFromString('--concurrent-maglev-max-threads=1')
  setFlagsFromString('--concurrent-turbofan-max-threads=1')
}
