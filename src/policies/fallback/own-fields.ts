/** The fields that the file adds to an answer. */
import { nameIs } from '../../core/headers.ts'

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
