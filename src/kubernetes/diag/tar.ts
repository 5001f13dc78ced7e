/** A tar archive (POSIX ustar, IEEE Std 1003.1 pax, "ustar Interchange Format") of a few texts. */

export interface Entry {
  /** At most 100 bytes. */
  readonly name: string
  readonly text: string
}

const BLOCK = 512

/** `now`: ms since 1970. */
export function tar(entries: readonly Entry[], now: number): Buffer {
  const parts = entries.flatMap(({ name, text }) => {
    const body = Buffer.from(text)
    return [header(name, body.length, now), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}

function header(name: string, size: number, now: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`
  block.write(name, 0, 100)
  block.write(octal(0o644, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(Math.floor(now / 1000), 12), 136)
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  // The sum is made with the field itself as spaces.
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
