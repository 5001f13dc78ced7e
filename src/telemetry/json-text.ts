/** JSON by hand, for lines that are written once per request. */

/** 1 for characters that cannot stand in a JSON text as they are, or that are not ASCII. */
const ESCAPED = new Uint8Array(256)
ESCAPED.fill(1, 0, 0x20)
ESCAPED.fill(1, 0x7f)
ESCAPED[0x22] = 1
ESCAPED[0x5c] = 1

/** `text` between quotes. Most texts need no escape, which one pass over them finds out. */
export function quoted(text: string): string {
  let found = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    found |= code > 255 ? 1 : (ESCAPED[code] as number)
  }
  return found === 0 ? `"${text}"` : JSON.stringify(text)
}

/** The same text in one piece: one put together from parts would be walked part by part in every line. */
export function flat(text: string): string {
  return Buffer.from(text).toString()
}

/** What was made of the last text: authorities, peers and endpoints repeat. */
export class Memo {
  readonly #make: (text: string) => string
  #text: string | undefined
  #made: string

  constructor(make: (text: string) => string) {
    this.#make = make
    this.#text = undefined
    this.#made = ''
  }

  of(text: string): string {
    if (text !== this.#text) {
      this.#made = flat(this.#make(text))
      this.#text = text
    }
    return this.#made
  }
}

const THREE: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))
const POINT_THREE: readonly string[] = THREE.map((digits) => `.${digits}`)

/** ms with three decimals; cheaper than the shortest form of a double. */
export function millis(ms: number): string {
  const micros = ms > 0 ? Math.round(ms * 1000) : 0
  const whole = Math.floor(micros / 1000)
  return whole + (POINT_THREE[micros - whole * 1000] as string)
}

/** ISO 8601 in UTC with ms. The text of a second is made once, and that of the last millisecond kept. */
export class Timestamps {
  #second: number
  #prefix: string
  #millisecond: number
  #opened: string

  constructor() {
    this.#second = -1
    this.#prefix = ''
    this.#millisecond = -1
    this.#opened = ''
  }

  /** `{"time":"2027-01-15T08:00:00.000Z`; `wallTime` in ms since 1970. */
  format(wallTime: number): string {
    const whole = Math.floor(wallTime)
    if (whole !== this.#millisecond) {
      this.#millisecond = whole
      this.#opened = flat(`{"time":"${this.text(whole)}`)
    }
    return this.#opened
  }

  text(wallTime: number): string {
    const whole = Math.floor(wallTime)
    const second = Math.floor(whole / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#prefix = new Date(second * 1000).toISOString().slice(0, 20)
    }
    return `${this.#prefix}${THREE[whole - second * 1000]}Z`
  }
}
