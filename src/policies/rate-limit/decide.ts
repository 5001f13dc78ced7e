/**
 * A token bucket as one number, the generic cell rate algorithm (ITU-T I.371): when the bucket would be full again if
 * nobody came. It refills by the passing of time alone, so nothing has to run while nobody asks.
 */

export interface Rules {
  /** ms in which one token comes back. */
  readonly interval: number
  /** How far ahead of now `fullAt` may be while there is still a token, ms. */
  readonly ahead: number
}

/** What is granted per second, and at once after a rest. `replicas`: how many share it. */
export interface Grant {
  readonly rate: number
  readonly burst: number
}

/** The share of one replica. Without a stated burst it is what one second brings, at least 1. */
export function grantOf(rate: number, burst: number | undefined, replicas: number): Grant {
  const share = rate / replicas
  const most = burst === undefined ? share : burst / replicas
  // A third of 100/s is not a whole number of tokens; nobody shall be left without any.
  return { rate: share, burst: Math.max(1, Math.ceil(most - 1e-9)) }
}

export function rulesOf({ rate, burst }: Grant): Rules {
  const interval = 1000 / rate
  // A thousandth of a token too early is not too early: sums of fractions of a millisecond are not exact.
  return { interval, ahead: (burst - 1 + 1e-3) * interval }
}

/** Whether a bucket that is full again at `fullAt` has a token now. */
export function hasToken(rules: Rules, fullAt: number, now: number): boolean {
  return fullAt - now <= rules.ahead
}

/** When the bucket is full again after a token was taken. */
export function afterTaking(rules: Rules, fullAt: number, now: number): number {
  return (fullAt > now ? fullAt : now) + rules.interval
}

/** s until a bucket without a token has one, to a tenth and never too early. */
export function secondsToToken(rules: Rules, fullAt: number, now: number): number {
  return Math.max(1, Math.ceil((fullAt - now - rules.ahead) / 100)) / 10
}

/** `RateLimit-Policy` has whole requests in whole seconds: the shortest time in which a burst comes back. */
export function quotaOf({ rate, burst }: Grant): { readonly quota: number; readonly window: number } {
  const window = Math.max(1, Math.ceil(burst / rate - 1e-9))
  return { quota: Math.max(1, Math.floor(rate * window + 1e-9)), window }
}
