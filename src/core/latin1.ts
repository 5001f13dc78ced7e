/** Latin1 text → bytes, and its copies. */

/** What `write(text, at, 'latin1')` comes down to, without the way there, which costs more than the writing. */
export interface Latin1Buffer extends Buffer {
  latin1Write(text: string, at: number): number
}

/** Longer texts are worth a call out of the script. */
const SHORT = 24

/** Writes `text` from `at` on, where there must be room; returns where it ends. */
export function put(bytes: Buffer, at: number, text: string): number {
  const length = text.length
  if (length > SHORT) return at + (bytes as Latin1Buffer).latin1Write(text, at)
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + length
}

/** A copy that keeps nothing else alive: what was cut out of a head, or put together from such parts, is a view of all of it. */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
