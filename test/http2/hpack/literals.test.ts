import t from 'tap'
import { Decoder } from '../../../src/http2/hpack/decoder.ts'
import { encode, encodedSize } from '../../../src/http2/hpack/huffman.ts'
import { STATIC } from '../../../src/http2/hpack/static-table.ts'
import { Seeded } from '../../support/seeded.ts'

type Field = readonly [name: string, value: string]

function string(text: string, huffman: boolean): Buffer {
  if (!huffman) return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])
  const size = encodedSize(text)
  const into = Buffer.alloc(size + 1)
  into[0] = 128 + size
  encode(text, into, 1)
  return into
}

/** An encoder without a table: a literal with its name in full or from the static table. `form`: 0x40, 0 or 0x10. */
function literal([name, value]: Field, form: number, huffman: boolean): Buffer {
  const index = STATIC.findIndex((entry) => entry?.name === name)
  const most = form === 0x40 ? 63 : 15
  const begins =
    index > 0 && index < most
      ? Buffer.from([form | index])
      : Buffer.concat([Buffer.from([form]), string(name, huffman)])
  return Buffer.concat([begins, string(value, huffman)])
}

function read(
  decoder: Decoder,
  block: Buffer,
): { readonly fields: Field[]; readonly kinds: string; readonly problem: string } {
  const fields: Field[] = []
  let kinds = ''
  const sink = {
    field(name: string, value: string, kind: number, size: number): void {
      fields.push([name, value])
      kinds += `${kind}:${size} `
    },
  }
  const problem = decoder.decode(block, 0, block.length, sink)
  return { fields, kinds, problem }
}

t.test('What comes again and again in full is read as it is read the first time', (t) => {
  const random = new Seeded(7)
  const of = <T>(list: readonly T[]): T => list[Math.floor(random.fraction() * list.length)] as T
  const names = ['date', 'server', 'x-some-name', 'cookie', 'te', 'X-Upper', 'content-length']
  const values = [
    '',
    'a',
    'nginx/1.22.1',
    'bad\u0001',
    ' blank',
    'x'.repeat(63),
    'y'.repeat(64),
    'z'.repeat(65),
    '1024',
  ]
  const remembering = new Decoder(4096)
  const differ: string[] = []
  for (let i = 0; i < 3000; i++) {
    const field: Field = [of(names), of(values)]
    const block = literal(field, of([0x40, 0, 0x10]), random.fraction() < 0.5)
    const got = JSON.stringify(read(remembering, block))
    const fresh = JSON.stringify(read(new Decoder(4096), block))
    if (got !== fresh) differ.push(`${got} for ${fresh}`)
  }
  t.strictSame(differ, [])
  t.end()
})

t.test('A broken literal is refused each time, and not remembered', (t) => {
  const decoder = new Decoder(4096)
  for (let i = 0; i < 100; i++) read(decoder, literal(['x', String(i)], 0, true))
  // The code of EOS in full.
  const broken = Buffer.from([0x00, 1, 120, 132, 255, 255, 255, 255])
  for (let i = 0; i < 3; i++) t.match(read(decoder, broken).problem, /Huffman/)
  t.end()
})

t.test('Entries made from remembered literals are found by their index', (t) => {
  const decoder = new Decoder(4096)
  for (let i = 0; i < 40; i++) read(decoder, literal(['server', `s${i % 3}`], 0x40, true))
  read(decoder, literal(['server', 's0'], 0x40, true))
  read(decoder, literal(['x-server', 's0'], 0x40, true))
  t.strictSame(read(decoder, Buffer.from([0x80 | 62, 0x80 | 63])).fields, [
    ['x-server', 's0'],
    ['server', 's0'],
  ])
  t.end()
})
