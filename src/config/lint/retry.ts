/** W005: writes that may be carried out twice. */
import { type Blocks, placeOf, type Warning } from './check.ts'

export function anyMethod(blocks: Blocks): Warning[] {
  const retry = blocks.get('retry')
  if (retry === undefined || retry.config.methods !== 'any') return []
  const message =
    'retry.methods should be idempotent or keyed, found any: a write whose answer is lost is carried out twice'
  return [{ code: 'W005', place: placeOf(retry, 'methods'), message }]
}
