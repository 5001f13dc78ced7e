/** The key as a client sends it: a string of Structured Fields (RFC 8941 §3.3.3), or the same without its quotes. */
import { type Headers, nameIs } from '../../core/headers.ts'

/** Characters of a key at most: a UUID has 36, a digest in hex 64. */
const MOST_CHARS = 255

/** No field of that name. */
export const ABSENT = undefined
/** A field that is no key, or two of them. */
export const MALFORMED = ''

const QUOTE = 34
const BACKSLASH = 92

/** The key, ABSENT or MALFORMED. `field` is lower case. `"abc"` and `abc` are the same key. */
export function readKey(headers: Headers, field: string): string | undefined {
  let key: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, field)) continue
    // One key per request: of two nobody could say which the application went by.
    if (key !== undefined) return MALFORMED
    key = parseKey(headers[i + 1] as string)
  }
  return key
}

/** The text of one field → its key, or MALFORMED. */
export function parseKey(text: string): string {
  const value = text.trim()
  const key = value.charCodeAt(0) === QUOTE ? unquoted(value) : bare(value)
  return key.length > MOST_CHARS ? MALFORMED : key
}

function unquoted(value: string): string {
  let key = ''
  let at = 1
  for (; at < value.length; at++) {
    let code = value.charCodeAt(at)
    if (code === QUOTE) break
    if (code === BACKSLASH) {
      code = value.charCodeAt(++at)
      if (code !== QUOTE && code !== BACKSLASH) return MALFORMED
    }
    if (!(code >= 32 && code < 127)) return MALFORMED
    key += value.charAt(at)
  }
  // Exactly one closing quote, and nothing behind it: parameters would be part of nobody's key.
  return at === value.length - 1 ? key : MALFORMED
}

/** Visible ASCII but what separates or quotes: `a, b` is a list of two keys, not one. */
function bare(value: string): string {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code <= 32 || code >= 127 || code === QUOTE || code === BACKSLASH || code === 44 || code === 59) {
      return MALFORMED
    }
  }
  return value
}
