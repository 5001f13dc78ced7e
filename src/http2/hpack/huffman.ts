/** The Huffman code of HPACK (RFC 7541 Appendix B), both ways. It is canonical, so its code lengths say all of it. */

/** Code length in bits by symbol, sixteen a line; the last is EOS. */
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
]

const EOS = 256
const LONGEST = 30

/** Code by symbol. */
const CODES = new Uint32Array(EOS + 1)
const BITS = Uint8Array.from(LENGTHS)
/** The symbols in the order of their codes. */
const SYMBOLS = new Uint16Array(EOS + 1)
/** By length: the first code, how many there are, and where they begin in `SYMBOLS`. */
const FIRST = new Uint32Array(LONGEST + 1)
const COUNT = new Uint16Array(LONGEST + 1)
const START = new Uint16Array(LONGEST + 1)
/** By the next eight bits: `length << 8 | symbol` of a code of at most eight bits; 0: a longer one begins here. */
const SHORT = new Uint16Array(256)

number()

/** Once over the symbols for the lengths and once for the codes: it runs in every start. */
function number(): void {
  for (const length of BITS) COUNT[length] = (COUNT[length] as number) + 1
  for (let length = 1; length <= LONGEST; length++) {
    const before = COUNT[length - 1] as number
    FIRST[length] = ((FIRST[length - 1] as number) + before) * 2
    START[length] = (START[length - 1] as number) + before
  }
  const places = START.slice()
  for (const [symbol, length] of BITS.entries()) {
    const place = places[length] as number
    const code = (FIRST[length] as number) + place - (START[length] as number)
    places[length] = place + 1
    SYMBOLS[place] = symbol
    CODES[symbol] = code
    if (length <= 8) SHORT.fill((length << 8) | symbol, code << (8 - length), (code + 1) << (8 - length))
  }
}

/** Bytes that `size` encoded bytes decode to at most: the shortest code has five bits. */
export function decodedAtMost(size: number): number {
  return Math.ceil((size * 8) / 5)
}

/**
 * Decodes `source` from `from` to `to` into `into`, which has room for `decodedAtMost`. Returns the number of bytes, or -1
 * for what is no code: EOS, or padding that is not the beginning of EOS or longer than seven bits (RFC 7541 §5.2).
 */
export function decode(source: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let at = from
  let held = 0
  let bits = 0
  let length = 0
  for (;;) {
    if (bits < 8) {
      if (at === to) break
      held = (held << 8) | (source[at++] as number)
      bits += 8
    }
    const entry = SHORT[(held >>> (bits - 8)) & 255] as number
    if (entry !== 0) {
      into[length++] = entry & 255
      bits -= entry >>> 8
      continue
    }
    let code = (held >>> (bits - 8)) & 255
    let size = 8
    bits -= 8
    for (;;) {
      if (bits === 0) {
        if (at === to) return -1
        held = source[at++] as number
        bits = 8
      }
      bits--
      code = code * 2 + ((held >>> bits) & 1)
      if (++size > LONGEST) return -1
      const offset = code - (FIRST[size] as number)
      if (offset < 0 || offset >= (COUNT[size] as number)) continue
      const symbol = SYMBOLS[(START[size] as number) + offset] as number
      if (symbol === EOS) return -1
      into[length++] = symbol
      break
    }
  }
  while (bits >= 5) {
    const padding = (1 << (8 - bits)) - 1
    const entry = SHORT[((held << (8 - bits)) & 255) | padding] as number
    if (entry === 0 || entry >>> 8 > bits) break
    into[length++] = entry & 255
    bits -= entry >>> 8
  }
  const ones = (1 << bits) - 1
  return (held & ones) === ones ? length : -1
}

/** Bytes that a latin1 string takes when it is encoded. */
export function encodedSize(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += BITS[text.charCodeAt(i)] as number
  return (bits + 7) >>> 3
}

/** Encodes a latin1 string at `at`, where `encodedSize` bytes are free; returns where it ends. */
export function encode(text: string, into: Uint8Array, at: number): number {
  let held = 0
  let bits = 0
  let to = at
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    let code = CODES[symbol] as number
    let size = BITS[symbol] as number
    if (size > 16) {
      // 32 bits hold seven that wait and a code of at most sixteen; of longer ones the front part goes first.
      held = (held << (size - 16)) | (code >>> 16)
      bits += size - 16
      while (bits >= 8) {
        bits -= 8
        into[to++] = held >>> bits
      }
      code &= 0xffff
      size = 16
    }
    held = (held << size) | code
    bits += size
    while (bits >= 8) {
      bits -= 8
      into[to++] = held >>> bits
    }
  }
  if (bits > 0) into[to++] = (held << (8 - bits)) | ((1 << (8 - bits)) - 1)
  return to
}
