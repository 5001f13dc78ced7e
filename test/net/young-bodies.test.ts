import t, { type Test } from 'tap'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { collectHard, collectSoon } from '../../src/core/garbage.ts'
import { marking } from '../../src/core/marking.ts'
import { own } from '../../src/net/shared-read.ts'

const MIB = 1024 * 1024

/** 256 MiB of pieces, in one turn, hold no more than a few. */
function pieces(t: Test): void {
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
}

t.test('own() collects what it made before it weighs', async (t) => pieces(t))

t.test('So it does while V8 marks, or Node has not told yet that it is through', async (t) => {
  let held: number[] = []
  for (let tries = 0; !marking() && tries < 100; tries++) {
    collectHard()
    held = new Array(1_000_000).fill(tries)
    collectSoon()
    for (let turns = 0; !marking() && turns < 20; turns++) await nextTurn()
  }
  t.ok(marking())
  t.equal(held.length, 1_000_000)
  pieces(t)
})
