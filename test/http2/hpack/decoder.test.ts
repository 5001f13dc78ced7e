import t from 'tap'
import { Decoder } from '../../../src/http2/hpack/decoder.ts'
import { field, indexedField, integer, reference } from '../../support/http2-raw.ts'
import { Seeded } from '../../support/seeded.ts'
import { hex, type Read, read } from './read.ts'
import { type Pair, ReferenceEncoder, text } from './reference.ts'

function problemOf(block: Buffer, limit = 4096): string {
  return read(new Decoder(limit), block).problem
}

t.test('integers: the longest that are read, and those that are refused', async (t) => {
  // Index 61 with a prefix of four bits: 15, then 46.
  t.strictSame(read(new Decoder(4096), hex('0f2e 0161')).fields, [['www-authenticate', 'a']])
  t.strictSame(read(new Decoder(4096), hex('0fae8000 0161')).fields, [['www-authenticate', 'a']], 'with noughts behind')
  t.equal(problemOf(hex('0fae808000 0161')), '')
  t.match(problemOf(hex('0fae80808000 0161')), /too large/)
  t.match(problemOf(hex('ffffffffff7f')), /too large/)
  t.match(problemOf(hex('ffffffffffffffffffff01')), /too large/)
  t.match(problemOf(hex('3fffffffff0f')), /too large/, 'a table of 2^32 and more')
  for (const block of ['ff', 'ffff', '7f', '0f', '1f', '3f', '3f80', '00 7f', '00 7f80', '00 0161 7f', '00 ff']) {
    t.match(problemOf(hex(block)), /without its end/, block)
  }
})

t.test('an index that no table has', async (t) => {
  for (const block of ['80', 'be', 'ff00', 'ffffffff7f', '7e 0161', '0f2f 0161', '1f2f 0161']) {
    t.match(problemOf(hex(block)), /that no table has/, block)
  }
})

t.test('a block that is cut off, at every byte', async (t) => {
  const decoder = new ReferenceEncoder(new Seeded(1), 4096)
  const { bytes } = decoder.field(['x-some-name', 'and some value'])
  for (let size = 1; size < bytes.length; size++) t.not(problemOf(bytes.subarray(0, size)), '', `${size} bytes`)
  t.equal(problemOf(bytes), '')
})

t.test('strings: empty, longer than the block, no Huffman code', async (t) => {
  t.strictSame(read(new Decoder(4096), hex('00 0178 00')).fields, [['x', '']])
  t.strictSame(read(new Decoder(4096), hex('00 0178 80')).fields, [['x', '']], 'Huffman of nothing')
  t.match(problemOf(hex('00 0178 0261')), /longer than its block/)
  t.match(problemOf(hex('00 0178 ff00')), /longer than its block/)
  t.match(problemOf(Buffer.concat([hex('00 0178'), integer(0xfff_ffff, 7)])), /longer than its block/)
  t.match(problemOf(hex('00 0178 84 ffffffff')), /no Huffman code/)
  t.match(problemOf(hex('00 0178 81 00')), /no Huffman code/)
})

t.test('values of every size come whole, Huffman or not', async (t) => {
  const decoder = new Decoder(4096)
  for (const size of [0, 1, 126, 127, 128, 254, 255, 256, 4063, 4064, 4096, 16_383, 16_384, 65_535, 300_000]) {
    for (const huffman of [false, true]) {
      const value = 'value-'.repeat(size / 6 + 1).slice(0, size)
      const block = Buffer.concat([hex('00'), text('x', false), text(value, huffman)])
      t.ok(read(decoder, block).fields[0]?.[1] === value, `${size} ${huffman}`)
    }
  }
})

t.test('a table size update: at the beginning only, not above what we allow', async (t) => {
  const size = (value: number) => integer(value, 5, 0x20)
  t.equal(problemOf(size(4096)), '')
  t.match(problemOf(size(4097)), /4097 bytes where 4096 are allowed/)
  t.equal(problemOf(Buffer.concat([size(0), size(4096), hex('82')])), '')
  t.match(problemOf(Buffer.concat([hex('82'), size(0)])), /behind a field/)
  t.match(problemOf(Buffer.concat([size(0), hex('82'), size(0)])), /behind a field/)
})

t.test('the table: entries go when it shrinks, and when one does not fit', async (t) => {
  const decoder = new Decoder(4096)
  // 34 bytes each.
  for (const name of ['a', 'b', 'c']) read(decoder, indexedField(name, '1'))
  t.strictSame(read(decoder, hex('be bf c0')).fields, [
    ['c', '1'],
    ['b', '1'],
    ['a', '1'],
  ])
  t.strictSame(read(decoder, Buffer.concat([integer(68, 5, 0x20), hex('be bf')])).fields.length, 2)
  t.match(read(decoder, hex('c0')).problem, /that no table has/)
  t.strictSame(read(decoder, integer(67, 5, 0x20)).problem, '')
  t.match(read(decoder, hex('bf')).problem, /that no table has/)
  t.equal(read(decoder, integer(4096, 5, 0x20)).problem, '')
  t.strictSame(read(decoder, hex('be')).fields, [['c', '1']])
  t.equal(read(decoder, indexedField('x', 'y'.repeat(4096))).problem, '')
  t.match(read(decoder, hex('be')).problem, /that no table has/, 'the one that did not fit has emptied it (§4.4)')
})

t.test('an entry whose own insertion pushes out the one that names it', async (t) => {
  const decoder = new Decoder(4096)
  const value = 'v'.repeat(4096 - 32 - 4)
  read(decoder, indexedField('name', value))
  // Named by index 62, as large: the old entry goes, its name stays in the new one.
  const next = 'w'.repeat(4096 - 32 - 4)
  t.strictSame(read(decoder, Buffer.concat([hex('7e'), text(next, false)])).fields, [['name', next]])
  t.strictSame(read(decoder, hex('be')).fields, [['name', next]])
  t.match(read(decoder, hex('bf')).problem, /that no table has/)
})

t.test('a table that may have nothing, and one that may have 64 KiB', async (t) => {
  const none = new Decoder(0)
  t.strictSame(read(none, indexedField('a', 'b')).fields, [['a', 'b']])
  t.match(read(none, hex('be')).problem, /that no table has/)
  const large = new Decoder(65_536)
  const names = Array.from({ length: 2048 }, () => ['', ''] as Pair)
  // 32 bytes each: the ring is full to its last slot.
  t.equal(read(large, Buffer.concat([hex('3f e1ff03'), ...names.map(() => hex('40 00 00'))])).problem, '')
  t.strictSame(read(large, reference(61 + 2048)).fields, [['', '']])
  t.match(read(large, reference(61 + 2049)).problem, /that no table has/)
  read(large, indexedField('a', 'b'))
  t.strictSame(read(large, hex('be')).fields, [['a', 'b']])
  t.match(read(large, reference(61 + 2048)).problem, /that no table has/)
})

t.test('a list bomb costs its reader what it takes to say each field, and no memory', async (t) => {
  const decoder = new Decoder(4096)
  read(decoder, indexedField('x', 'y'.repeat(4000)))
  const bomb = Buffer.alloc(16_384, 0xbe)
  let bytes = 0
  const before = process.memoryUsage().heapUsed
  const problem = decoder.decode(bomb, 0, bomb.length, {
    field(name, value) {
      bytes += name.length + value.length
    },
  })
  t.equal(problem, '')
  t.equal(bytes, 16_384 * 4001, 'it stands for 64 MB')
  t.ok(process.memoryUsage().heapUsed - before < 8 * 1024 * 1024)
})

const NAMES = [':status', 'x-a', 'x-b', 'content-type', 'accept-encoding', 'etag', 'x-a-rather-long-name', 'cookie']

function makeValue(random: Seeded): string {
  const size = random.pick([0, 1, 3, 10, 40, 200, 900, 2000])
  return (
    random
      .pick(['x', 'val', '~', '\xff'.repeat(3)])
      .repeat(size / 2 + 1)
      .slice(0, size) + random.int(3)
  )
}

t.test('whatever an encoder may say over many blocks and table sizes is read as it was meant', async (t) => {
  const problems: string[] = []
  for (let seed = 0; seed < 60 && problems.length === 0; seed++) {
    const random = new Seeded(4000 + seed)
    const limit = random.pick([0, 32, 100, 1000, 4096, 65_536])
    const decoder = new Decoder(limit)
    const encoder = new ReferenceEncoder(random, limit)
    for (let block = 0; block < 60; block++) {
      const parts: Buffer[] = []
      for (let i = random.pick([0, 0, 0, 1, 2]); i > 0; i--) parts.push(encoder.resize(random.int(limit + 1)))
      const meant: Pair[] = []
      for (let i = random.int(12); i > 0; i--) {
        const pair: Pair = [random.pick(NAMES), makeValue(random)]
        meant.push(pair)
        parts.push(encoder.field(pair).bytes)
      }
      const is: Read = read(decoder, Buffer.concat(parts))
      if (JSON.stringify(is) === JSON.stringify({ fields: meant, problem: '' })) continue
      problems.push(`seed ${seed}, block ${block}: ${JSON.stringify(is)}, meant ${JSON.stringify(meant)}`)
      break
    }
  }
  t.strictSame(problems, [])
})

t.test('bytes of no sense end in a problem or in fields, never in a throw, and never beyond the block', async (t) => {
  const random = new Seeded(41)
  let sensible = 0
  for (let i = 0; i < 100_000; i++) {
    const decoder = new Decoder(4096)
    read(decoder, field('x', 'y'))
    const block = Buffer.from(Array.from({ length: random.int(24) }, () => random.int(256)))
    if (read(decoder, block).problem === '') sensible++
  }
  t.ok(sensible > 1000, `${sensible} were blocks`)
})
