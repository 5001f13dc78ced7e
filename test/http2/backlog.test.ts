import { randomBytes } from 'node:crypto'
import t from 'tap'
import { LARGE_ENOUGH } from '../../src/core/crumbs.ts'
import { Backlog } from '../../src/http2/backlog.ts'
import { Seeded } from '../support/seeded.ts'

/** Takes some pieces out; returns what they say. */
function taken(backlog: Backlog, count: number): Buffer {
  const pieces: Buffer[] = []
  while (backlog.pieces.length > 0 && pieces.length < count) pieces.push(backlog.shift())
  return Buffer.concat(pieces)
}

t.test('Backlog gathers what comes in crumbs: a hundred thousand bytes are no hundred thousand objects', async (t) => {
  const backlog = new Backlog()
  const said = randomBytes(100_000)
  for (let at = 0; at < said.length; at++) backlog.gather(said, at, at + 1)
  t.equal(backlog.bytes, said.length)
  t.ok(backlog.pieces.length < 30, `${backlog.pieces.length} pieces`)
  const stores = backlog.pieces.reduce((sum, piece) => sum + piece.buffer.byteLength, 0)
  t.ok(stores < 2 * said.length, `${stores} bytes of stores`)
  t.ok(taken(backlog, Number.POSITIVE_INFINITY).equals(said))
  t.equal(backlog.bytes, 0)
})

t.test('Backlog keeps a single crumb in little', async (t) => {
  const backlog = new Backlog()
  backlog.gather(Buffer.from('x'), 0, 1)
  t.ok((backlog.pieces[0] as Buffer).buffer.byteLength <= 512)
})

t.test('Backlog keeps the order of small and large pieces, and changes none that it gave away', async (t) => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Seeded(seed)
    const backlog = new Backlog()
    const said = randomBytes(40_000)
    const given: { readonly piece: Buffer; readonly copy: Buffer }[] = []
    let at = 0
    while (at < said.length) {
      const to = Math.min(said.length, at + 1 + (random.word() % (random.word() % 4 === 0 ? 3000 : 300)))
      if (to - at < LARGE_ENOUGH) backlog.gather(said, at, to)
      else backlog.push(Buffer.from(said.subarray(at, to)))
      at = to
      if (random.word() % 8 !== 0) continue
      const piece = backlog.shift()
      given.push({ piece, copy: Buffer.from(piece) })
    }
    while (backlog.pieces.length > 0) {
      const piece = backlog.shift()
      given.push({ piece, copy: piece })
    }
    t.ok(Buffer.concat(given.map(({ piece }) => piece)).equals(said), `seed ${seed}`)
    t.ok(given.every(({ piece, copy }) => piece.equals(copy)))
    t.equal(backlog.bytes, 0)
  }
})
