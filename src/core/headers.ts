/** Header fields as a flat list `name, value, name, value`, in the order and case they came in. */

export type Headers = readonly string[]

export const NO_HEADERS: Headers = []

/** Whether a field name equals `lower`, which is lower case; field names are ASCII tokens (RFC 9110 §5.1). */
export function nameIs(name: string, lower: string): boolean {
  return name.length === lower.length && (name === lower || sameLetters(name, lower))
}

/** `toLowerCase` would make a text for each comparison. */
function sameLetters(name: string, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const c = name.charCodeAt(i)
    const folded = c >= 65 && c <= 90 ? c | 32 : c
    if (folded !== lower.charCodeAt(i)) return false
  }
  return true
}

/** The value of the first field of that name, or undefined. `lower` is lower case. */
export function get(headers: Headers, lower: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (nameIs(headers[i] as string, lower)) return headers[i + 1]
  }
  return undefined
}

export function has(headers: Headers, lower: string): boolean {
  return get(headers, lower) !== undefined
}

/** A copy without the fields of that name. */
export function without(headers: Headers, lower: string): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, lower)) kept.push(headers[i] as string, headers[i + 1] as string)
  }
  return kept
}

/** A copy with one field more, in one piece that is as long as it has to be: `concat` costs five times as much. */
export function withField(headers: Headers, name: string, value: string): string[] {
  const length = headers.length
  const copy = new Array<string>(length + 2)
  for (let i = 0; i < length; i++) copy[i] = headers[i] as string
  copy[length] = name
  copy[length + 1] = value
  return copy
}

/** `x-outrigger-*` and `Proxy-Status`: what one of our kind says to another, believed only from a peer that is one. */
export function isOwnField(name: string): boolean {
  const first = name.charCodeAt(0) | 32
  if (first === 120) return name.length > 12 && name.slice(0, 12).toLowerCase() === 'x-outrigger-'
  return first === 112 && nameIs(name, 'proxy-status')
}

/** A copy without the fields of our own kind. */
export function withoutOwnFields(headers: Headers): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (!isOwnField(headers[i] as string)) kept.push(headers[i] as string, headers[i + 1] as string)
  }
  return kept
}
