/** An answer as bytes: the length of its head, the head as JSON, the body as it is. */
import { StoredAnswer } from '../answer.ts'

const LENGTH = 4

export function encode(answer: StoredAnswer): Buffer {
  const { print, status, reasonPhrase, headers, bodyLength, body, trailers } = answer
  const head = Buffer.from(JSON.stringify({ print, status, reasonPhrase, headers, bodyLength, trailers }))
  const length = Buffer.alloc(LENGTH)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, body])
}

/** Undefined: these bytes are not ours. */
export function decode(bytes: Buffer): StoredAnswer | undefined {
  try {
    const end = LENGTH + bytes.readUInt32BE()
    const head = JSON.parse(bytes.toString('utf8', LENGTH, end)) as StoredAnswer
    const { print, status, reasonPhrase, headers, bodyLength, trailers } = head
    if (typeof print !== 'string' || typeof status !== 'number' || !Array.isArray(headers)) return undefined
    return new StoredAnswer(print, status, reasonPhrase, headers, bodyLength, bytes.subarray(end), trailers)
  } catch {
    return undefined
  }
}
