/** The two messages of `grpc.health.v1.Health/Check` (grpc/doc/health-checking.md), so that nobody needs a compiler for them. */

/** `ServingStatus`; the index is its number. */
const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const

export type ServingStatus = (typeof SERVING_STATUS)[number]

/** Before each message on the wire: whether it is compressed, and its length. */
const PREFIX = 5
/** Field 1 of the request, a string; of the response, an enum. */
const SERVICE_TAG = 0x0a
const STATUS_TAG = 0x08
const MOST_VARINT = 10
/** A varint, eight bytes, bytes with their length before them, four bytes. */
const WIRE_TYPES = [0, 1, 2, 5]

/** `HealthCheckRequest {service}` with its prefix; '' asks for the server as a whole. */
export function encodeCheck(service: string): Buffer {
  const name = Buffer.from(service)
  const field = service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.of(SERVICE_TAG), varint(name.length), name])
  const prefix = Buffer.alloc(PREFIX)
  prefix.writeUInt32BE(field.length, 1)
  return Buffer.concat([prefix, field])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.of(...bytes, rest)
}

/** The status of a `HealthCheckResponse` with its prefix; undefined where these bytes are no such message. */
export function decodeStatus(body: Buffer): ServingStatus | undefined {
  if (body.length < PREFIX || body[0] !== 0 || body.readUInt32BE(1) !== body.length - PREFIX) return undefined
  const reader = new Reader(body.subarray(PREFIX))
  let status = 0
  while (!reader.over) {
    const tag = reader.varint()
    if (tag === STATUS_TAG) status = reader.varint()
    else reader.skip(tag & 7)
  }
  return reader.broken ? undefined : (SERVING_STATUS[status] ?? 'UNKNOWN')
}

/** Fields of protobuf's wire format, one after another; broken once they end too soon. */
class Reader {
  readonly #bytes: Buffer
  #at = 0
  broken = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get over(): boolean {
    return this.broken || this.#at === this.#bytes.length
  }

  varint(): number {
    let value = 0
    for (let i = 0; i < MOST_VARINT; i++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value += (byte & 127) * 128 ** i
      if (byte < 128) return value
    }
    this.broken = true
    return 0
  }

  /** A field of a later version of the message, by its wire type. */
  skip(type: number): void {
    const size = type === 2 || type === 0 ? this.varint() : type === 1 ? 8 : 4
    if (type !== 0) this.#at += size
    if (this.#at > this.#bytes.length || !WIRE_TYPES.includes(type)) this.broken = true
  }
}
