/**
 * The young generation stays at its first size. A proxy's garbage is young and small; a larger nursery is filled before it
 * is looked at, and costs memory for nothing: measured, a fifth of the whole after load, at no CPU that could be seen
 * (docs/decisions/0020-heap.md). It can be set only before the heap has grown, and there is no flag in a `bin`.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
