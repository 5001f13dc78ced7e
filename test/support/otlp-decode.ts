/** OTLP/HTTP bodies → objects in the JSON form of the protocol. */
import type { IncomingHttpHeaders } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { loadSync } from '@grpc/proto-loader'
import type { Metrics, Traces } from './otlp-messages.ts'

const PROTO = new URL('otlp.proto', import.meta.url).pathname
const OPTIONS = { longs: String, bytes: Buffer, keepCase: false, oneofs: false } as const

type Decode = (body: Buffer) => Traces | Metrics
let decoders: Readonly<Record<string, Decode>> | undefined

/** Both calls of the collector's services take one message, whose type loads the other types with it. */
function protobuf(path: string): Decode {
  if (decoders === undefined) {
    const definition = loadSync(PROTO, OPTIONS) as Record<string, unknown>
    const of = (service: string): Decode => {
      const { Export } = definition[`otlp.${service}`] as { Export: { requestDeserialize: Decode } }
      return Export.requestDeserialize
    }
    decoders = { '/v1/traces': of('Traces'), '/v1/metrics': of('Metrics') }
  }
  const decode = decoders[path]
  if (decode === undefined) throw new Error(`nothing is sent to ${path}`)
  return decode
}

export function decodeOtlp(path: string, headers: IncomingHttpHeaders, sent: Buffer): Traces | Metrics {
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
  if (headers['content-type']?.startsWith('application/json')) return JSON.parse(body.toString()) as Traces | Metrics
  return asJson(protobuf(path)(body)) as Traces | Metrics
}

/** Ids are bytes in protobuf, and hex digits in JSON. */
function asJson(message: unknown): unknown {
  return JSON.parse(
    JSON.stringify(message, (_key, value: unknown) =>
      isBytes(value) ? Buffer.from((value as { data: number[] }).data).toString('hex') : value,
    ),
  )
}

function isBytes(value: unknown): boolean {
  return (value as { type?: unknown } | null)?.type === 'Buffer'
}
