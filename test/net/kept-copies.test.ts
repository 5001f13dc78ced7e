import t from 'tap'
import { ownCopy } from '../../src/core/own-copy.ts'
import { ownToKeep } from '../../src/net/shared-read.ts'

t.test('Copies that are kept: two of one length leave nothing of their store unused', async (t) => {
  for (const length of [600, 5000, 10_240, 12_288, 16_384]) {
    const read = Buffer.alloc(length, 'x')
    const [one, two, three] = [ownToKeep(read), ownToKeep(read), ownToKeep(read)]
    t.equal(one.buffer.byteLength, 2 * length, `${length} bytes: the store`)
    t.equal(two.buffer, one.buffer, 'the second has the rest of it')
    t.equal(two.byteOffset, length)
    t.not(three.buffer, one.buffer, 'the third begins another')
    t.ok(
      [one, two, three].every((copy) => copy.equals(read)),
      'all have what was read',
    )
  }
})

t.test('Copies that are kept: whatever came before, none pins so much that it would be copied once more', async (t) => {
  const lengths = Array.from({ length: 400 }, (_, n) => 513 + ((n * 7919) % 20_000))
  const copies = lengths.map((length) => ownToKeep(Buffer.alloc(length)))
  t.ok(copies.every((copy) => ownCopy(copy) === copy))
})
