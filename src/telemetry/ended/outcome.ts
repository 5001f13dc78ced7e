/** What became of an exchange, in one word. */

/**
 * What became of it, the first that holds: `cancelled`, the client left; `fallback`, a fallback answered; `refused`, we
 * answered and no attempt was made; `failed`, it got no good answer; `hedged` and `retried`, it did after more than one
 * attempt; `shadow`, a block in shadow mode would have done something; `plain`, none of these.
 */
export type Outcome = (typeof ENDINGS)[number] | 'plain'

/** Every outcome but `plain`, in the order of the rows that count them. */
export const ENDINGS = ['cancelled', 'fallback', 'refused', 'failed', 'hedged', 'retried', 'shadow'] as const
