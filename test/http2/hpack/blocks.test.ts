import t from 'tap'
import { Decoder } from '../../../src/http2/hpack/decoder.ts'
import { SensitiveNames } from '../../../src/http2/hpack/sensitive.ts'
import { integer } from '../../support/http2-raw.ts'
import { Seeded } from '../../support/seeded.ts'
import { hex, read } from './read.ts'
import { type Pair, ReferenceDecoder, text } from './reference.ts'

const KEPT = 0x40
const PLAIN = 0
const NEVER = 0x10

function literal(form: number, [name, value]: Pair): Buffer {
  return Buffer.concat([Buffer.from([form]), text(name, false), text(value, true)])
}

/** A decoder that has read enough literals to remember whole blocks; its table holds what `fields` leave there. */
function experienced(names = new SensitiveNames()): Decoder {
  const decoder = new Decoder(4096, names)
  for (let i = 0; i < 70; i++) read(decoder, literal(PLAIN, ['x-first', String(i)]))
  return decoder
}

/** What a block may be made of: few kinds, so that the same blocks come again beside tables that differ. */
const PARTS: readonly Buffer[] = [
  hex('88'),
  hex('be'),
  hex('bf'),
  hex('c0'),
  hex('fe'),
  literal(KEPT, ['x-a', '1']),
  literal(KEPT, ['x-b', '2']),
  literal(KEPT, ['x-large', 'l'.repeat(120)]),
  literal(PLAIN, ['x-c', '3']),
  literal(NEVER, ['x-d', '4']),
  // Its name is that of an entry of the dynamic table.
  Buffer.concat([integer(62, 6, KEPT), text('5', false)]),
  Buffer.concat([integer(63, 4, PLAIN), text('6', false)]),
]
const SIZES = [0, 40, 100, 4096]

t.test('A block that comes again means what the table makes of it then', (t) => {
  const random = new Seeded(11)
  const pool: Buffer[] = []
  for (let i = 0; i < 40; i++) {
    const parts = Array.from({ length: 1 + (i % 4) }, () => random.pick(PARTS))
    if (i % 8 === 0) parts.unshift(integer(random.pick(SIZES), 5, 0x20))
    pool.push(Buffer.concat(parts))
  }
  let decoder = experienced()
  let reference = new ReferenceDecoder()
  const differ: string[] = []
  let good = 0
  for (let i = 0; i < 20_000; i++) {
    // Nearly always one of a few that change from time to time, as a server's answers do.
    const block = random.chance(0.9) ? (pool[(i >> 6) % 40] as Buffer) : random.pick(pool)
    const got = read(decoder, block)
    let wanted: string
    try {
      wanted = JSON.stringify(reference.decode(block).map(({ name, value }) => [name, value]))
    } catch {
      wanted = 'a problem'
    }
    const is = got.problem === '' ? JSON.stringify(got.fields) : 'a problem'
    if (is !== wanted) differ.push(`${i}: ${block.toString('hex')} is ${is}, not ${wanted}`)
    if (wanted !== 'a problem') good++
    else {
      decoder = experienced()
      reference = new ReferenceDecoder()
    }
  }
  t.strictSame(differ.slice(0, 3), [])
  t.ok(good > 10_000, `${good} blocks were whole`)
  t.end()
})

t.test('A field that nobody may keep is noted each time it comes', (t) => {
  const names = new SensitiveNames()
  const noted: string[] = []
  names.note = (name): void => void noted.push(name)
  const decoder = experienced(names)
  const block = literal(NEVER, ['x-token', 'a secret'])
  for (let i = 0; i < 100; i++) t.strictSame(read(decoder, block).fields, [['x-token', 'a secret']])
  t.equal(noted.length, 100)
  t.end()
})

t.test('A table size update is carried out each time it comes', (t) => {
  const decoder = experienced()
  const emptied = Buffer.concat([integer(0, 5, 0x20), literal(PLAIN, ['x-a', '1'])])
  for (let i = 0; i < 100; i++) t.strictSame(read(decoder, emptied).fields, [['x-a', '1']])
  const filled = Buffer.concat([integer(4096, 5, 0x20), literal(KEPT, ['x-b', '2'])])
  t.strictSame(read(decoder, filled).fields, [['x-b', '2']])
  t.strictSame(read(decoder, hex('be')).fields, [['x-b', '2']])
  t.strictSame(read(decoder, emptied).fields, [['x-a', '1']])
  t.match(read(decoder, hex('be')).problem, 'index 62')
  t.end()
})

t.test('Blocks longer than are remembered, and ones of equal size, are read as they are', (t) => {
  const decoder = experienced()
  for (const size of [255, 256, 257, 300, 3000]) {
    for (const letter of 'aabb'.repeat(10)) {
      const pair: Pair = ['x-long', letter.repeat(size)]
      const block = Buffer.concat([Buffer.from([PLAIN]), text(pair[0], false), text(pair[1], false)])
      t.strictSame(read(decoder, block), { fields: [pair], problem: '' })
    }
  }
  t.end()
})
