/** What the processes of grpc-js say: metadata as plain values and back, on the one clock that processes have in common. */
import { performance } from 'node:perf_hooks'
import grpc from '@grpc/grpc-js'
import type { Fields } from './spec.ts'

export function toMetadata(fields: Fields): grpc.Metadata {
  const metadata = new grpc.Metadata()
  for (const [name, values] of Object.entries(fields)) {
    for (const value of values) metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
  }
  return metadata
}

export function toFields(metadata: grpc.Metadata): Fields {
  const fields: Record<string, string[]> = {}
  for (const name of Object.keys(metadata.getMap())) {
    fields[name] = metadata.get(name).map((value) => (typeof value === 'string' ? value : value.toString('base64')))
  }
  return fields
}

/** Only the fields that a server sends back. */
export function echoes(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith('x-echo')))
}

/** ms since 1970 with fractions. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now()
}

/** One JSON object, on a line of its own, to whoever started this process. */
export function tell(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
