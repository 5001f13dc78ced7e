/** Every cut in two, and every byte on its own. */
export function* waysToCut(bytes: Buffer): Iterable<number[]> {
  for (let at = 1; at < bytes.length; at++) yield [at]
  yield Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
}
