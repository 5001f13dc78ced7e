import t from 'tap'
import { decode, decodedAtMost, encode, encodedSize } from '../../../src/http2/hpack/huffman.ts'
import { Seeded } from '../../support/seeded.ts'
import { hex } from './read.ts'

function encoded(text: string): Buffer {
  const into = Buffer.alloc(encodedSize(text) + 1, 0xa5)
  const end = encode(text, into, 0)
  if (end !== into.length - 1 || into[end] !== 0xa5) throw new Error(`${end} bytes of ${into.length - 1}`)
  return into.subarray(0, end)
}

/** The text, or undefined: no code. */
function decoded(bytes: Uint8Array): string | undefined {
  const into = Buffer.alloc(decodedAtMost(bytes.length) + 1, 0xa5)
  const length = decode(bytes, 0, bytes.length, into)
  if (length > into.length - 1 || into.at(-1) !== 0xa5) throw new Error('more than decodedAtMost() says')
  return length < 0 ? undefined : into.toString('latin1', 0, length)
}

t.test('encode() and decode() as the examples of RFC 7541 Appendix C', async (t) => {
  const examples: readonly (readonly [string, string])[] = [
    ['www.example.com', 'f1e3 c2e5 f23a 6ba0 ab90 f4ff'],
    ['no-cache', 'a8eb 1064 9cbf'],
    ['custom-key', '25a8 49e9 5ba9 7d7f'],
    ['custom-value', '25a8 49e9 5bb8 e8b4 bf'],
    ['302', '6402'],
    ['307', '640e ff'],
    ['private', 'aec3 771a 4b'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff'],
    ['https://www.example.com', '9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3'],
    ['gzip', '9bd9 ab'],
  ]
  for (const [text, code] of examples) {
    t.strictSame(encoded(text), hex(code), text)
    t.equal(decoded(hex(code)), text)
  }
})

t.test('every byte, at every place within eight bits', async (t) => {
  const problems: string[] = []
  for (let byte = 0; byte < 256; byte++) {
    const symbol = String.fromCharCode(byte)
    // `0` has five bits: with one to eight of them in front, the code begins at each bit of a byte.
    for (let before = 0; before < 8; before++) {
      for (const after of ['', '0', symbol, '~X']) {
        const text = '0'.repeat(before) + symbol + after
        if (decoded(encoded(text)) !== text) problems.push(JSON.stringify(text))
      }
    }
  }
  t.strictSame(problems, [])
})

t.test('random strings of every kind come back', async (t) => {
  const random = new Seeded(31)
  const problems: string[] = []
  for (let i = 0; i < 5000; i++) {
    const above = random.pick([64, 128, 256])
    const text = Array.from({ length: random.int(120) }, () => String.fromCharCode(random.int(above))).join('')
    if (decoded(encoded(text)) !== text) problems.push(JSON.stringify(text))
  }
  t.strictSame(problems, [])
})

t.test('what decodes without a problem is what its text encodes to: no two codes for one text', async (t) => {
  const random = new Seeded(32)
  let valid = 0
  const problems: string[] = []
  for (let i = 0; i < 200_000; i++) {
    // Three bytes and fewer hold all short codes; ones in front lead into the long ones.
    const bytes = Buffer.from(Array.from({ length: 1 + random.int(5) }, () => random.pick([255, random.int(256)])))
    const text = decoded(bytes)
    if (text === undefined) continue
    valid++
    if (!encoded(text).equals(bytes)) problems.push(`${bytes.toString('hex')} is ${JSON.stringify(text)}`)
  }
  t.strictSame(problems, [])
  t.ok(valid > 10_000, `${valid} were codes`)
})

t.test('padding: ones, at most seven of them', async (t) => {
  // `0` is 00000; `a` is 00011; `&` is 11111000.
  t.equal(decoded(hex('07')), '0')
  t.equal(decoded(hex('1f')), 'a')
  t.equal(decoded(hex('f8')), '&')
  t.equal(decoded(hex('ffc7')), '\0')
  for (const bytes of ['06', '03', '00', '1e', '18', '07ff', 'f8ff', 'ff', 'ffff', 'ffffff']) {
    t.equal(decoded(hex(bytes)), undefined, bytes)
  }
  t.equal(decoded(Buffer.alloc(0)), '')
})

t.test('EOS within a string is refused, and so is a code without its end', async (t) => {
  for (const bytes of ['ffffffff', '3fffffffff', 'fffffffc', 'fffffffcff', '07fffffffe', 'fffffe']) {
    t.equal(decoded(hex(bytes)), undefined, bytes)
  }
})
