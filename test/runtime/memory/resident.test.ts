import t from 'tap'
import { resident } from '../../../src/runtime/memory/resident.ts'

t.test('resident(): what was said last, while every file descriptor is in use', async (t) => {
  const asked = t.intercept(process.memoryUsage, 'rss', { value: () => 7 })
  t.equal(resident(), 7)
  asked.restore()
  t.intercept(process.memoryUsage, 'rss', {
    value() {
      throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' })
    },
  })
  t.equal(resident(), 7)
})
