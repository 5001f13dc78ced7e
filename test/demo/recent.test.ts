import t from 'tap'
import { Window } from '../../src/demo/recent.ts'

t.test('Window.look sees what ended in its span', async (t) => {
  const window = new Window(1000)
  const add = (at: number, latency: number, status: number): void =>
    window.add({ stream: 'GET', at, latency, late: 0, status, failure: '' })
  add(0, 3000, 200)
  add(2500, 10, 200)
  add(2600, 20, 503)
  add(2000, 10, 200)
  t.match(window.look(3050), { refused: 100 / 3, refusedP99: 20, p99: 3000 })
  t.match(window.look(3550), { ok: 50, refused: 50, p99: 3000 })
  t.ok(Number.isNaN(window.look(9000).ok), 'nothing is no number')
})
