/** Which byte may stand where (RFC 9110 §5.6, RFC 9112). One table look-up per byte of a head. */

export const CR = 13
export const LF = 10
export const SP = 32
export const TAB = 9

/** tchar: methods, field names. */
export const IS_TOKEN = 1
/** field-vchar, SP, HTAB, obs-text. */
export const IS_VALUE = 2
/** What a request target may hold: no control, space, `#`, backslash or byte above 126. */
export const IS_TARGET = 4
export const IS_HEX = 8
/** reg-name, IP-literal and port characters of a Host (RFC 3986 §3.2.2), percent among them. */
export const IS_HOST = 16

/** Flags by byte. */
export const BYTES: Uint8Array = table()

function table(): Uint8Array {
  const flags = new Uint8Array(256)
  const set = (characters: string, flag: number) => {
    for (let i = 0; i < characters.length; i++) flags[characters.charCodeAt(i)]! |= flag
  }
  const alphanumeric = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
  set(`!#$%&'*+-.^_\`|~${alphanumeric}`, IS_TOKEN)
  set('0123456789abcdefABCDEF', IS_HEX)
  set(`${alphanumeric}-._~!$&'()*+,;=:[]%`, IS_HOST)
  for (let byte = 0; byte < 256; byte++) {
    if (byte === TAB || (byte >= SP && byte !== 127)) flags[byte]! |= IS_VALUE
    if (byte > SP && byte < 127 && byte !== 35 && byte !== 92) flags[byte]! |= IS_TARGET
  }
  return flags
}

/** Every character from `from` to `to` has the flag. Characters of a latin1 string are bytes. */
export function all(text: string, from: number, to: number, flag: number): boolean {
  for (let i = from; i < to; i++) {
    if (((BYTES[text.charCodeAt(i)] as number) & flag) === 0) return false
  }
  return true
}
