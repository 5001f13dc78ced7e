/** Whom a fault strikes, and how long it holds them. Dice and clocks are handed in. */

export interface Rules {
  /** 0…1. */
  readonly percent: number
  /** Since 1970, ms. */
  readonly until: number
}

/** `dice` 0 ≤ x < 1; `wallTime` since 1970, ms. */
export function strikes(rules: Rules, dice: number, wallTime: number): boolean {
  return dice < rules.percent && wallTime < rules.until
}

/** ms to wait: nobody is held past the deadline, which the answer then names. */
export function holdFor(delay: number, now: number, deadline: number): number {
  const left = deadline - now
  return left < delay ? Math.max(0, left) : delay
}
