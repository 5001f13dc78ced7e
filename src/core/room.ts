/** An account of bytes that may be held. */
export interface Room {
  /** Returns false where there is no room; nothing is taken then. */
  take(bytes: number): boolean
  give(bytes: number): void
}
