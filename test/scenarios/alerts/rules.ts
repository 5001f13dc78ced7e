/** The shipped rules, in a hurry: every duration in them divided by the same number. */

/** `for: 5m`, `[2m]`, `offset 15m`. */
const DURATION = /(?<=\bfor: |\[|\boffset )(\d+)([smh])(?=\b)/g
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** Throws where a duration would not be whole seconds any more. */
export function hurried(rules: string, factor: number): string {
  return rules.replace(DURATION, (text, count: string, unit: string) => {
    const seconds = (Number(count) * (SECONDS[unit] as number)) / factor
    if (!Number.isInteger(seconds)) throw new RangeError(`${text} divided by ${factor} is ${seconds} s`)
    return `${seconds}s`
  })
}
