import t from 'tap'
import { Changes } from '../../../src/policies/fallback/cached-changes.ts'

t.test('since() knows of what the last changes were, and of older ones that there were some', async (t) => {
  const changes = new Changes()
  const before = changes.count
  t.notOk(changes.since(before, '/a'))
  changes.note('/a')
  t.ok(changes.since(before, '/a'))
  t.notOk(changes.since(before, '/b'))
  const after = changes.count
  t.notOk(changes.since(after, '/a'))
  for (let i = 0; i < 1024; i++) changes.note(`/${i}`)
  t.ok(changes.since(before, '/b'), 'one is forgotten, and may have been of this')
  t.notOk(changes.since(after, '/b'))
  t.ok(changes.since(after, '/7'))
  const last = changes.count
  changes.note(`/${'x'.repeat(2000)}`)
  t.ok(changes.since(last, '/b'), 'too long to be remembered')
})
