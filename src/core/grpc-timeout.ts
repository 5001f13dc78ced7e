/** The field `grpc-timeout`: at most eight digits and a unit (grpc/doc/PROTOCOL-HTTP2.md). Times in ms. */

/** By the code of the unit; 0 for what is none. */
const UNIT = new Float64Array(128)
UNIT[72] = 3_600_000 // H
UNIT[77] = 60_000 // M
UNIT[83] = 1000 // S
UNIT[109] = 1 // m
UNIT[117] = 1e-3 // u
UNIT[110] = 1e-6 // n

const MOST_DIGITS = 8
const MOST = 99_999_999

/** -1 for a value that is none. */
export function readGrpcTimeout(value: string): number {
  const digits = value.length - 1
  if (digits < 1 || digits > MOST_DIGITS) return -1
  const code = value.charCodeAt(digits)
  const unit = code < 128 ? (UNIT[code] as number) : 0
  if (unit === 0) return -1
  let count = 0
  for (let i = 0; i < digits; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    count = count * 10 + digit
  }
  return count * unit
}

/**
 * What is left, for the next hop: rounded down, so that it gives up before us, and at least one of its unit. Whole ms,
 * below that a finer unit, and a coarser one where eight digits do not hold them.
 */
export function grpcTimeout(left: number): string {
  if (left < 1e-3) return `${atLeastOne(left * 1e6)}n`
  if (left < 1) return `${atLeastOne(left * 1e3)}u`
  if (left < MOST + 1) return `${Math.floor(left)}m`
  if (left < (MOST + 1) * 1000) return `${Math.floor(left / 1000)}S`
  return `${Math.min(MOST, Math.floor(left / 3_600_000))}H`
}

function atLeastOne(count: number): number {
  return Math.max(1, Math.floor(count))
}

/** How far the clocks of the two ends of a call, and the rounding of the field, may have them apart about its end, ms. */
const APART = 10

/** Whether what the other end does now may be because the deadline that was told is over. */
export function inTime(now: number, deadline: number): boolean {
  return now >= deadline - APART
}
