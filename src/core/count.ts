/** A count in decimal digits, and nothing else, at most `most` of them (16 at the most); -1 for anything else, and above 2^53 − 1. */
export function readCount(value: string, most: number): number {
  if (value.length === 0 || value.length > most) return -1
  let count = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    count = count * 10 + digit
  }
  return Number.isSafeInteger(count) ? count : -1
}
