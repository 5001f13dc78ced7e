/** Timers of a process that was held up come before the reads that it held up: who judges by one lets those come first. */
// cold file: for timers that end something

/** Calls `then` once what the kernel holds at this moment has been read: whatever the turn is at, the next one reads. */
export function afterReading(then: () => void): void {
  setImmediate(() => void setImmediate(then))
}
