/** Messages as they stand in a gRPC body. */

/** The five bytes before a message, and the message. */
export function message(text: string | Buffer): Buffer {
  const body = Buffer.from(text as string)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}
