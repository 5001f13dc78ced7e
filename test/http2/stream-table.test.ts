import t from 'tap'
import type { Stream } from '../../src/http2/stream.ts'
import { StreamTable } from '../../src/http2/stream-table.ts'
import { Seeded } from '../support/seeded.ts'

function stream(id: number): Stream {
  return { id } as unknown as Stream
}

t.test('StreamTable: what a Map would hold, whatever comes and goes', async (t) => {
  const random = new Seeded(7)
  for (const most of [1, 16, 100, 1500]) {
    const table = new StreamTable()
    const map = new Map<number, Stream>()
    for (let id = 1, step = 0; step < 20_000; step++) {
      if (map.size < most && random.fraction() < 0.55) {
        const added = stream(id)
        // Ids may skip (a stream that was refused), and a stream may stay for long.
        id += random.fraction() < 0.1 ? 200 : 2
        map.set(added.id, added)
        table.add(added)
      } else if (map.size > 0) {
        const ids = [...map.keys()]
        const gone = ids[Math.floor(random.fraction() ** 3 * ids.length)] as number
        map.delete(gone)
        table.delete(gone)
        table.delete(gone)
      }
      if (step % 500 !== 0) continue
      t.equal(table.size, map.size)
      t.strictSame(table.all(), [...map.values()], 'all of them, oldest first')
      for (const [key, value] of map) if (table.get(key) !== value) t.fail(`${key} is not found`)
      t.equal(table.get(id), undefined)
    }
    table.clear()
    t.same([table.size, table.all()], [0, []])
  }
})
