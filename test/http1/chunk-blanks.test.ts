/** Bad whitespace in chunk extensions (RFC 9112 §7.1.1): read where more of an extension follows, refused elsewhere. */
import t from 'tap'
import { BodyReader, BROKEN, END, PIECE } from '../../src/http1/body.ts'
import { CHUNKED } from '../../src/http1/head.ts'

const LEGAL = ['5 ; a = b', '5\t;a', '5;a;b=c ;d="e" ; f', '5;a = "x y"', '5 ;a']
const BROKEN_LINES = ['5 ', '5\t', '5;a ', '5;a=b ', '5; ', '5;a= ', '5;a="x" ', '5 5', '5;a b', '5;a=b c', ' 5']

function read(line: string, pieces: 'whole' | 'bytes'): number {
  const reader = new BodyReader({ maxHeaderBytes: 65_536, maxHeaders: 200 })
  const bytes = Buffer.from(`${line}\r\nhello\r\n0\r\n\r\n`)
  reader.begin(CHUNKED)
  let step = -1
  for (let from = 0; from < bytes.length; from += pieces === 'whole' ? bytes.length : 1) {
    const buffer = pieces === 'whole' ? bytes : bytes.subarray(from, from + 1)
    let at = 0
    do {
      step = reader.step(buffer, at)
      at = reader.at
    } while (step === PIECE)
    if (step === BROKEN) return BROKEN
  }
  return step
}

for (const pieces of ['whole', 'bytes'] as const) {
  t.test(`BodyReader reads blanks inside of chunk extensions, in ${pieces}`, async (t) => {
    for (const line of LEGAL) t.equal(read(line, pieces), END, JSON.stringify(line))
  })
  t.test(`BodyReader refuses blanks behind which nothing follows, in ${pieces}`, async (t) => {
    for (const line of BROKEN_LINES) t.equal(read(line, pieces), BROKEN, JSON.stringify(line))
  })
}
