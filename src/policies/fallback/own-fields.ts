/** The fields that the file adds to an answer. */
import { type Headers, nameIs } from '../../core/headers.ts'

/** Fields that frame a message or that we write ourselves. */
const OURS = [
  'content-type',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'trailer',
  'x-outrigger-fallback',
  'x-outrigger-fallback-service',
  'x-outrigger-reason',
  'proxy-status',
  'grpc-status',
  'grpc-message',
]

/** Flat, without what is ours to write and what is no field. */
export function ownFields(headers: Readonly<Record<string, string>>): string[] {
  const fields: string[] = []
  for (const name of Object.keys(headers)) if (isField(name)) fields.push(name, headers[name] as string)
  return fields
}

/** A token that is not ours to write (RFC 9110 §5.6.2). */
function isField(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (!isTokenChar(name.charCodeAt(i))) return false
  for (const ours of OURS) if (nameIs(name, ours)) return false
  return name !== ''
}

function isTokenChar(code: number): boolean {
  return code > 32 && code < 127 && !'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(code))
}

/** The names among flat fields, in lower case. */
export function namesOf(fields: Headers): string[] {
  return fields.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
}

/** A copy without the fields of those names, which are lower case, and with `fields` behind. */
export function replacing(headers: Headers, names: readonly string[], fields: Headers): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (!isAmong(name, names)) kept.push(name, headers[i + 1] as string)
  }
  for (let i = 0; i < fields.length; i++) kept.push(fields[i] as string)
  return kept
}

function isAmong(name: string, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) if (nameIs(name, names[i] as string)) return true
  return false
}
