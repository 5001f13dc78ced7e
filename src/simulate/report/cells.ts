/** Figures as text. */
import { duration, percent } from '../../demo/table.ts'

export function ms(value: number | null): string {
  return duration(value ?? Number.NaN)
}

export function percents(value: number | null): string {
  return percent(value ?? Number.NaN)
}

/** Seconds since the start: `12.5 s`, `1:02:05` from an hour on. */
export function moment(at: number): string {
  if (at < 3_600_000) return `${Number((at / 1000).toFixed(3))} s`
  const seconds = Math.floor(at / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** `circuit_open 2932, bulkhead_full 31`: the most frequent first. */
export function tally(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).filter(([, count]) => count > 0)
  if (entries.length === 0) return '–'
  return entries
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([word, count]) => `${word} ${count}`)
    .join(', ')
}

/** Per request. */
export function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(2)
}
