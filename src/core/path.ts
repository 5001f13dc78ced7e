/**
 * The one normal form in which paths are matched (policy-format.md): query left out, unreserved characters
 * percent-decoded, dot segments removed, repeated slashes merged. An encoded slash stays encoded and is no separator, and
 * a trailing slash counts. What is forwarded is the target as it was sent.
 *
 * So that one path has one spelling, escapes that stay are upper case, and what may not stand plain in a path (RFC 3986
 * §3.3) is escaped. Normalising a normal path changes nothing.
 */

const SLASH = 0x2f
const DOT = 0x2e
const QUERY = 0x3f
const PERCENT = 0x25

/** What a byte is in a path: refused, to be escaped, legal as it stands, or legal even where it was escaped. */
const REFUSED = 0
const ESCAPED = 1
const PLAIN = 2
const UNRESERVED = 3

const KIND = kinds()

function kinds(): Uint8Array {
  const table = new Uint8Array(256).fill(ESCAPED)
  table.fill(REFUSED, 0, 0x21)
  // A raw `#` starts a fragment for one reader and belongs to the path for another: never legal here (RFC 9112 §3.2).
  for (const char of '\x7f\\#') table[char.charCodeAt(0)] = REFUSED
  for (const char of "/!$&'()*+,;=:@") table[char.charCodeAt(0)] = PLAIN
  const unreserved = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~'
  for (const char of unreserved) table[char.charCodeAt(0)] = UNRESERVED
  return table
}

/**
 * The path of an origin-form target (or `*`, which stays what it is) in its normal form. Undefined, which means 400, when
 * it climbs above the root, holds a control character or a backslash, plain or escaped, or is no path at all.
 * A target that is normal already costs one scan and at most one slice. The query is not looked at: the wires refuse
 * targets with characters that may stand nowhere.
 */
export function normalisePath(target: string): string | undefined {
  if (target.charCodeAt(0) !== SLASH) return target === '*' ? target : undefined
  let before = SLASH
  for (let i = 1; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code === QUERY) return target.slice(0, i)
    if (code > 0x7e || (KIND[code] as number) < PLAIN) return rewrite(target)
    if (before === SLASH && (code === SLASH || code === DOT)) return rewrite(target)
    before = code
  }
  return target
}

/** The same for targets that are not plainly normal. Linear in the target's length. */
function rewrite(target: string): string | undefined {
  const query = target.indexOf('?')
  const path = respell(target, query < 0 ? target.length : query)
  return path === undefined ? undefined : removeDots(path)
}

/** One spelling for every character up to `end`. */
function respell(target: string, end: number): string | undefined {
  let out = ''
  for (let i = 0; i < end; i++) {
    const code = target.charCodeAt(i)
    if (code === PERCENT) {
      const byte = i + 2 < end ? (hex(target.charCodeAt(i + 1)) << 4) | hex(target.charCodeAt(i + 2)) : -1
      if (byte < 0) {
        // A percent sign that escapes nothing stands for itself.
        out += '%25'
        continue
      }
      if (byte < 0x20 || byte === 0x7f || byte === 0x5c) return undefined
      out += KIND[byte] === UNRESERVED ? String.fromCharCode(byte) : escaped(byte)
      i += 2
    } else if (code > 0xff || KIND[code] === REFUSED) {
      return undefined
    } else {
      out += KIND[code] === ESCAPED ? escaped(code) : target[i]
    }
  }
  return out
}

/** RFC 3986 §5.2.4, then repeated slashes; in this order, as the format lists them: `/a//../b` is `/a/b`. */
function removeDots(path: string): string | undefined {
  const segments = path.split('/')
  const kept: string[] = []
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] as string
    if (segment !== '.' && segment !== '..') {
      kept.push(segment)
      continue
    }
    if (segment === '..' && kept.pop() === undefined) return undefined
    if (i === segments.length - 1) kept.push('')
  }
  let out = ''
  for (const segment of kept) if (segment !== '') out += `/${segment}`
  return kept.at(-1) === '' ? `${out}/` : out
}

/** `byte` is 0x20 or more: what is below is refused, however it is spelled. */
function escaped(byte: number): string {
  return `%${byte.toString(16).toUpperCase()}`
}

/** The digit's value, or -1, which makes the whole byte negative. */
function hex(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
