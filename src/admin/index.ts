/** The admin listener. */
export type { AdminSource, Explained } from './source.ts'
export { type AdminListener, startAdmin } from './listener.ts'
