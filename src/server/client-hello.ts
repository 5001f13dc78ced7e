/** The server name in a ClientHello (RFC 8446 §4.1.2, RFC 6066 §3). */
// cold file: once a connection of TLS

const HANDSHAKE = 0x16
const SERVER_NAME = 0
const HOST_NAME = 0

/** Bytes of a name at most (RFC 1035 §2.3.4): a longer one is nobody's, and no line of a log has room for it. */
const LONGEST_NAME = 255

/** Every segment that comes is a walk over all records so far, so there are not to be many; a real ClientHello has one to three. */
const MOST_RECORDS = 64
const NONE = Buffer.alloc(0)

/** '' where it names none; undefined: it is not whole yet. What is malformed names none. */
export function serverName(bytes: Buffer): string | undefined {
  const hello = handshakeOf(bytes)
  if (hello === undefined) return undefined
  try {
    return nameIn(hello)
  } catch (error) {
    // A length that leads beyond the end is a RangeError; there is nothing to be read then.
    if (error instanceof RangeError) return ''
    throw error
  }
}

/**
 * The first handshake message, put together from its records; undefined: more has to come. Empty where it is none, or comes
 * in more records than are looked at.
 */
function handshakeOf(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  let length = 0
  let wanted = 4
  for (let at = 0; length < wanted; ) {
    if (parts.length === MOST_RECORDS) return NONE
    if (bytes.length < at + 5) return undefined
    const size = bytes.readUInt16BE(at + 3)
    // RFC 8446 §5.1: a handshake message has no empty fragments.
    if (bytes[at] !== HANDSHAKE || size === 0) return NONE
    const part = bytes.subarray(at + 5, at + 5 + size)
    if (part.length < size) return undefined
    parts.push(part)
    length += size
    at += 5 + size
    if (wanted === 4 && length >= 4) wanted = 4 + Buffer.concat(parts).readUIntBE(1, 3)
  }
  return Buffer.concat(parts).subarray(0, wanted)
}

function nameIn(hello: Buffer): string {
  // Type and length, version, random.
  let at = 4 + 2 + 32
  at += 1 + hello.readUInt8(at)
  at += 2 + hello.readUInt16BE(at)
  at += 1 + hello.readUInt8(at)
  if (at === hello.length) return ''
  const end = at + 2 + hello.readUInt16BE(at)
  at += 2
  while (at < end) {
    const type = hello.readUInt16BE(at)
    const size = hello.readUInt16BE(at + 2)
    at += 4
    if (type === SERVER_NAME) return hostIn(hello.subarray(at, at + size))
    at += size
  }
  return ''
}

function hostIn(list: Buffer): string {
  for (let at = 2; at < list.length; ) {
    const type = list.readUInt8(at)
    const size = list.readUInt16BE(at + 1)
    if (type === HOST_NAME)
      return size > LONGEST_NAME ? '' : list.toString('latin1', at + 3, at + 3 + size).toLowerCase()
    at += 3 + size
  }
  return ''
}
