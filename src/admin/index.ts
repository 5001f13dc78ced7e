/** The admin listener. */
export type { Ended, Frame, Hello, State } from './page/live/frame.ts'
export type { AdminSource, Explained } from './source.ts'
export { type AdminListener, startAdmin } from './listener.ts'
export { readFilter, TAP_FIELDS } from './tap/read-filter.ts'
export type { EndedAttempt, EndedExchange } from '../telemetry/index.ts'
