/** The field `grpc-message`: percent-encoded UTF-8 (grpc/doc/PROTOCOL-HTTP2.md, "Percent-Encoded"). */

const PERCENT = 37

/** What is no printable ASCII is escaped, and the percent sign. */
export function grpcMessage(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (!isPlain(text.charCodeAt(i))) return escaped(text)
  }
  return text
}

function isPlain(code: number): boolean {
  return code >= 32 && code <= 126 && code !== PERCENT
}

function escaped(text: string): string {
  const bytes = Buffer.from(text)
  let out = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (isPlain(byte)) out += String.fromCharCode(byte)
    else out += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
  }
  return out
}
