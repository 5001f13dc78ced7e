/** Lower-case hex, by character, for the ids of strangers. */

/** 1 for `0-9a-f`, 2 for `A-F`, else 0. */
const KIND = new Uint8Array(128)
for (const digit of '0123456789abcdef') KIND[digit.charCodeAt(0)] = 1
for (const digit of 'ABCDEF') KIND[digit.charCodeAt(0)] = 2

/** `text[from…to)` holds lower-case hex digits only and one of them is not 0. */
export function isId(text: string, from: number, to: number): boolean {
  let other = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code > 127 || KIND[code] !== 1) return false
    other |= code ^ 0x30
  }
  return other !== 0
}

/** The value of two hex digits at `at`, lower case; -1 when they are none. */
export function hexByte(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at))
  const low = hexDigit(text.charCodeAt(at + 1))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  return code >= 97 && code <= 102 ? code - 87 : -1
}
