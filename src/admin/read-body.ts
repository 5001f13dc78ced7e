/** The body of a POST: small, or not read at all. */
import type { IncomingMessage } from 'node:http'

/** Bytes. */
const LIMIT = 4096

/** The text, or undefined when it is larger than any of ours. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LIMIT) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
