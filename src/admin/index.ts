/** The admin listener. */
export type { Ended, Frame, Hello, State } from './page/live/frame.ts'
export type { AdminSource, Explained } from './source.ts'
export { type AdminListener, startAdmin } from './listener.ts'
