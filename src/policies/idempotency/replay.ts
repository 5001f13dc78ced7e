/** A kept answer as it is given once more, byte for byte. */
import { ResponseHead } from '../../core/exchange.ts'
import type { Given } from '../../core/giver.ts'
import type { StoredAnswer } from './answer.ts'

/** Bytes given at once; a reader that pauses gets no more than the piece under way (G5). */
const PIECE = 64 * 1024

export function replayOf(answer: StoredAnswer): Given {
  const { status, reasonPhrase, headers, bodyLength, body, trailers } = answer
  const fields = headers.concat('Idempotent-Replayed', 'true')
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += PIECE) pieces.push(body.subarray(at, at + PIECE))
  return { head: new ResponseHead(status, reasonPhrase, fields, bodyLength, 'replay', ''), body: pieces, trailers }
}
