/** The statement of one block that holds for a route. */
import type { PathPattern } from '../core/path-pattern.ts'
import type { Rule } from './rule.ts'
import type { StatedBlock } from './stated.ts'

export interface Chosen<B extends StatedBlock> {
  /** With `mode: disabled` it takes the block away: then not even its default holds. */
  readonly stated: B
  readonly rule: Rule<B>
  /** Where path parameters come from: the rule's own pattern, or the route's where it has none. */
  readonly pattern: PathPattern | undefined
}
