import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { BLOCK_OVERHEAD, Encoder, FIELD_OVERHEAD } from '../../../src/http2/hpack/encoder.ts'
import { Seeded } from '../../support/seeded.ts'
import { type Form, type Pair, type ReadField, ReferenceDecoder } from './reference.ts'

/** One block, in a buffer of exactly the room that the encoder asks for. */
function write(encoder: Encoder, fields: readonly Pair[]): Buffer {
  const room = fields.reduce((sum, [name, value]) => sum + name.length + value.length + FIELD_OVERHEAD, BLOCK_OVERHEAD)
  const into = Buffer.alloc(room)
  let at = encoder.begin(into, 0)
  for (const [name, value] of fields) at = encoder.field(name, value, into, at)
  if (at > room) throw new Error(`${at} bytes where ${room} were asked for`)
  return into.subarray(0, at)
}

/** The forms that one field takes, sent again and again. */
function forms(values: readonly string[], name = 'x-field', allowed = 4096): Form[] {
  const encoder = new Encoder()
  const decoder = new ReferenceDecoder()
  encoder.allow(allowed)
  decoder.allow(allowed)
  return values.map((value) => (decoder.decode(write(encoder, [[name, value]]))[0] as ReadField).form)
}

t.test('field(): what comes again is kept, what changes each time is not', async (t) => {
  t.strictSame(forms(['a', 'a', 'a', 'a']), ['plain', 'kept', 'indexed', 'indexed'])
  t.strictSame(forms(['1', '2', '3', '4']), ['plain', 'plain', 'plain', 'plain'])
  t.strictSame(forms(['a', 'a', 'b', 'a', 'b']), ['plain', 'kept', 'plain', 'indexed', 'kept'])
  t.strictSame(forms(['GET', 'GET'], ':method'), ['indexed', 'indexed'])
  t.strictSame(forms(['TRACE', 'TRACE', 'TRACE'], ':method'), ['plain', 'kept', 'indexed'])
  t.strictSame(forms(['', '', ''], 'x-empty'), ['kept', 'indexed', 'indexed'])
})

t.test(
  'field(): a name whose values never came again is looked at now and then, so that one that stays is kept',
  async (t) => {
    const ids = Array.from({ length: 100 }, (_, i) => `id-${i}`)
    const sent = forms([...ids, ...new Array<string>(40).fill('stays')])
    t.strictSame(new Set(sent.slice(0, 100)), new Set(['plain']))
    const kept = sent.indexOf('kept')
    t.ok(kept >= 100 && kept <= 133, `kept at its ${kept - 99}th time`)
    t.strictSame(new Set(sent.slice(kept + 1)), new Set(['indexed']))
  },
)

t.test('field(): what nobody may guess at is never kept', async (t) => {
  for (const name of ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'idempotency-key']) {
    t.strictSame(forms(['a', 'a', 'a'], name), ['never', 'never', 'never'], name)
  }
})

t.test('field(): never, also where the names that it remembers are full', async (t) => {
  const encoder = new Encoder()
  const decoder = new ReferenceDecoder()
  for (let i = 0; i < 1000; i++) decoder.decode(write(encoder, [[`x-${i}`, 'a']]))
  const [secret, other] = decoder.decode(
    write(encoder, [
      ['authorization', 'a'],
      ['x-1000', 'a'],
    ]),
  )
  t.equal(secret?.form, 'never')
  t.equal(other?.form, 'plain')
})

t.test('field(): nothing is kept where the table is small, nor what is too large for it', async (t) => {
  t.strictSame(forms(['a', 'a', 'a'], 'x-field', 0), ['plain', 'plain', 'plain'])
  t.strictSame(forms(['a', 'a', 'a'], 'x-field', 100), ['plain', 'plain', 'plain'])
  const large = 'x'.repeat(1100)
  t.strictSame(forms([large, large, large]), ['plain', 'plain', 'plain'])
})

t.test('field(): an entry of almost the size of the table', async (t) => {
  const wrong: string[] = []
  for (let size = 1000; size < 1100; size++) {
    for (const length of [980, 985, 986, 1010]) {
      const encoder = new Encoder()
      const decoder = new ReferenceDecoder()
      encoder.allow(size)
      decoder.allow(size)
      const large: Pair = ['x-field', 'v'.repeat(length)]
      const small: Pair = ['x-other', 'short']
      for (const [i, pair] of [large, large, large, small, small, large].entries()) {
        const read = decoder.decode(write(encoder, [pair]))
        if (read[0]?.name !== pair[0] || read[0].value !== pair[1]) wrong.push(`size ${size}, ${length}, block ${i}`)
      }
    }
  }
  t.strictSame(wrong, [])
})

t.test('begin(): the lowest and the last size that the peer allowed since the last block', async (t) => {
  const update = (sizes: readonly number[]): string => {
    const encoder = new Encoder()
    for (const size of sizes) encoder.allow(size)
    return write(encoder, []).toString('hex')
  }
  t.equal(update([]), '')
  t.equal(update([4096]), '', 'what holds anyhow')
  t.equal(update([65_536]), '', 'more than we use')
  t.equal(update([0]), '20')
  t.equal(update([10, 5, 20]), '2534')
  t.equal(update([0, 65_536]), '203fe11f')
  const encoder = new Encoder()
  encoder.allow(0)
  write(encoder, [])
  t.equal(write(encoder, []).toString('hex'), '', 'said once')
})

t.test('sizes of names and values around each length of an integer fit the room that is asked for', async (t) => {
  const decoder = new ReferenceDecoder()
  const encoder = new Encoder()
  for (const size of [126, 127, 128, 254, 255, 16_509, 16_510, 16_511, 2_097_277, 2_097_279, 2_097_280]) {
    const name = 'n'.repeat(Math.min(size, 20_000))
    const value = '~'.repeat(size)
    const [read] = decoder.decode(write(encoder, [[name, value]]))
    t.ok(read?.name === name && read.value === value, `${size}`)
  }
})

const NAMES = [':method', ':path', ':status', 'x-a', 'x-b', 'x-c', 'content-type', 'etag', 'cookie', 'te']
const ALPHABETS = ['abc', 'xyz0123456789', '~^|{}', '\xe4\xff\x80']

function makeField(random: Seeded): Pair {
  const name = random.chance(0.1) ? `x-new-${random.int(400)}` : random.pick(NAMES)
  const letters = random.pick(ALPHABETS)
  const size = random.pick([0, 1, 5, 30, 200, 900, 990, 1020, 1100, 5000])
  const volatile = random.chance(0.3) ? String(random.word()) : ''
  return [name, letters.repeat(size / letters.length + 1).slice(0, size) + volatile]
}

t.test('many blocks and changes of the table size: the other side reads what was said', async (t) => {
  const problems: string[] = []
  const seen = new Map<Form, number>()
  for (let seed = 0; seed < 60 && problems.length === 0; seed++) {
    const random = new Seeded(5000 + seed)
    const encoder = new Encoder()
    const decoder = new ReferenceDecoder()
    // Few fields that differ, so that they repeat.
    const stock = Array.from({ length: 30 }, () => makeField(random))
    for (let block = 0; block < 150; block++) {
      for (let i = random.pick([0, 0, 0, 0, 1, 2, 3]); i > 0; i--) {
        const size = random.pick([0, 32, 1024, 1025, 1056, 2000, 4095, 4096, 4097, random.int(65_537)])
        encoder.allow(size)
        decoder.allow(size)
      }
      const fields = Array.from({ length: random.int(12) }, () =>
        random.chance(0.8) ? random.pick(stock) : makeField(random),
      )
      let is: readonly ReadField[]
      try {
        is = decoder.decode(write(encoder, fields))
      } catch (error) {
        problems.push(`seed ${seed}, block ${block}: ${error}`)
        break
      }
      for (const { form } of is) seen.set(form, (seen.get(form) ?? 0) + 1)
      if (JSON.stringify(is.map(({ name, value }) => [name, value])) === JSON.stringify(fields)) continue
      problems.push(`seed ${seed}, block ${block}: ${JSON.stringify(is)}, said ${JSON.stringify(fields)}`)
      break
    }
  }
  t.strictSame(problems, [])
  for (const form of ['indexed', 'kept', 'plain', 'never'] as const) {
    t.ok((seen.get(form) ?? 0) > 500, `${seen.get(form)} ${form}`)
  }
})

t.test('field(): what is remembered of values and names keeps no head alive that they were cut out of', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const encoder = new Encoder()
  const head = (i: number): string => Buffer.alloc(60_000, `${i}.`).toString('latin1')
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 200; i++) {
    const text = head(i)
    // Twice, so that it is inserted; and one as long as the head itself.
    for (let twice = 0; twice < 2; twice++) {
      write(encoder, [
        [`x-${text.slice(0, 20)}`, text.slice(100, 130)],
        [text.slice(20, 50), 'x'],
        ['x-long', text],
      ])
    }
  }
  collect()
  const kept = (process.memoryUsage().heapUsed - before) / 2 ** 20
  t.ok(kept < 2, `${kept.toFixed(1)} MiB`)
  t.ok(write(encoder, [['x', 'y']]).length > 0, 'it is still there')
})
