/** A block without a file: what nobody states, and what a test wants. */
import type { Schema } from '../core/policy.ts'
import { deepFreeze } from './freeze.ts'
import { Report } from './issues.ts'
import { newWalk } from './walk/walk.ts'
import { nodeOf } from './yaml/tree.ts'

/**
 * `value` in the notation of the file (`{request: '2s'}`) → the block complete, in ms, bytes and fractions, as the loader
 * gives it. `{}` gives the defaults. Throws an Error that names the first problem.
 */
export function completeBlock<C>(schema: Schema, value: unknown = {}): C {
  const report = new Report()
  const context = newWalk(report, 'the block')
  const place = { file: '', line: 1, column: 1 }
  const block = context.walk(nodeOf(value, place), schema, { path: '', key: place }, context)
  const [problem] = report.issues
  if (problem !== undefined) throw new Error(`${problem.code} ${problem.message}`)
  return deepFreeze(block) as C
}
