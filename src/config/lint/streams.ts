/** W009: a whole-request timeout where calls are streams. */
import { type Blocks, number, placeOf, type Warning } from './check.ts'
import type { PolicyDocument } from '../model.ts'

export function requestOnStream(blocks: Blocks, policy: PolicyDocument): Warning[] {
  const timeout = blocks.get('timeout')
  if (timeout === undefined || number(blocks, 'timeout', 'request') === undefined) return []
  const stream = policy.routes.find((route) => route.stream === true)
  if (stream === undefined) return []
  const message = `timeout.request bounds a stream's head only, and a route of policy ${policy.name} is stream: true (line ${stream.place.line}): write idle or maxStream`
  return [{ code: 'W009', place: placeOf(timeout, 'request'), message }]
}
