/** JSON by hand, for lines that are written once per request. */

/** `text` between quotes. Most texts need no escape, which one pass over them finds out. */
export function quoted(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x22 || code === 0x5c || code > 0x7e) return JSON.stringify(text)
  }
  return `"${text}"`
}

const THREE: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))

/** ms with three decimals; cheaper than the shortest form of a double. */
export function millis(ms: number): string {
  const micros = ms > 0 ? Math.round(ms * 1000) : 0
  const whole = Math.floor(micros / 1000)
  return `${whole}.${THREE[micros - whole * 1000]}`
}

/** ISO 8601 in UTC with ms. The text of a second is made once. */
export class Timestamps {
  #second: number
  #prefix: string

  constructor() {
    this.#second = -1
    this.#prefix = ''
  }

  /** `wallTime` in ms since 1970. */
  format(wallTime: number): string {
    const whole = Math.floor(wallTime)
    const second = Math.floor(whole / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#prefix = new Date(second * 1000).toISOString().slice(0, 20)
    }
    return `${this.#prefix}${THREE[whole - second * 1000]}Z`
  }
}
