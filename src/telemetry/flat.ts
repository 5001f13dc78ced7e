/** Ready parts of lines. */
// cold file: once per name, not per line

/** The same text in one piece: one put together from parts would be walked part by part whenever it is copied. */
export function flat(text: string): string {
  return Buffer.from(text).toString()
}

/** Text that is ASCII, quotes included: what is not is written as `\u…`. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
