import t from 'tap'
import { own } from '../../src/net/shared-read.ts'

const MIB = 1024 * 1024

t.test('own() collects what it made before it weighs: 256 MiB of pieces never hold more than a few', async (t) => {
  const piece = Buffer.alloc(16 * 1024, 'p')
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  let last: Buffer = piece
  for (let made = 0; made < 256 * MIB; made += piece.length) {
    last = own(piece)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  t.ok(last.equals(piece), 'what is still held is whole')
  t.ok(most < 32 * MIB, `at most ${Math.round(most / MIB)} MiB`)
})
