/**
 * What V8 is told before it has done anything, for there is no flag in a `bin`. Measured in docs/decisions/0020-heap.md:
 *
 * - The young generation stays at its first size. A proxy's garbage is young and small, and a larger nursery is filled
 *   before it is looked at: half of the memory after load, at no CPU that could be seen.
 * - No Maglev: its compiler threads each keep the most memory they ever needed, about 20 MB together, and once the hot
 *   functions have reached TurboFan nothing is left of what it gained.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--no-maglev')
