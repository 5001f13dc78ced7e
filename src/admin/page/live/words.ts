/** Figures as people read them: never more digits than tell something. */

/** Per second. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0'
  if (perSecond < 0.1) return '< 0.1'
  return count(perSecond)
}

/** Up to three digits. */
export function count(value: number): string {
  if (value >= 10_000) return `${trim(value / 1000, 1)}k`
  if (value >= 100) return String(Math.round(value))
  return trim(value, value >= 10 ? 0 : 1)
}

/** Of 0…1; '–' of NaN. */
export function percent(share: number): string {
  if (Number.isNaN(share)) return '–'
  if (share > 0 && share < 0.001) return '< 0.1 %'
  // 100 % is said of nothing less.
  if (share > 0.999 && share < 1) return '> 99.9 %'
  return `${trim(share * 100, share < 0.1 || share > 0.99 ? 1 : 0)} %`
}

/** Of a percentile out of buckets, ms: what lies in the lowest bucket is below its bound, and no more is known of it. */
export function latency(ms: number, bounds: readonly number[]): string {
  if (Number.isNaN(ms)) return '–'
  if (ms <= (bounds[0] ?? 0)) return `< ${duration(bounds[0] as number)}`
  if (ms === Number.POSITIVE_INFINITY) return `> ${duration(bounds.at(-1) as number)}`
  return duration(ms)
}

/** ms. */
export function duration(ms: number): string {
  if (ms < 10) return `${trim(ms, 1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  return seconds(ms / 1000)
}

/** s: up to a minute with a decimal, then in the two largest units. */
export function seconds(value: number): string {
  if (value < 60) return `${trim(value, value < 10 ? 1 : 0)} s`
  const whole = Math.round(value)
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]
  const first = units.findIndex(([, size]) => whole >= size)
  let rest = whole
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const many = Math.floor(rest / size)
      rest -= many * size
      return many === 0 ? '' : `${many} ${unit}`
    })
    .filter((part) => part !== '')
    .join(' ')
}

/** Time of day, ms since 1970, in the reader's own zone; figures of milliseconds are what tells requests apart. */
export function clock(time: number, withMs = true): string {
  const when = new Date(time)
  const two = (value: number) => String(value).padStart(2, '0')
  const ofDay = `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`
  return withMs ? `${ofDay}.${String(when.getMilliseconds()).padStart(3, '0')}` : ofDay
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`
  if (value < 1024 * 1024) return `${trim(value / 1024, 0)} KiB`
  return `${trim(value / 1024 / 1024, 1)} MiB`
}

/** `1 breaker`, `2 breakers`. */
export function many(value: number, what: string): string {
  return `${value} ${what}${value === 1 ? '' : 's'}`
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0$/, '')
}
