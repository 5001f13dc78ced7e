/** What the process holds. */

let last = 0

/** Bytes. The system is asked through a file: where no descriptor is left to open it, what it said last. */
export function resident(): number {
  try {
    last = process.memoryUsage.rss()
  } catch {}
  return last
}
