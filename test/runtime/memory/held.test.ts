import t from 'tap'
import { held } from '../../../src/runtime/memory/held.ts'

t.test('held(): without pages of files, of which Node alone has tens of megabytes', async (t) => {
  const { rss } = process.memoryUsage()
  const most = process.platform === 'linux' ? rss - 8 * 1024 * 1024 : rss
  t.ok(held() > 4 * 1024 * 1024 && held() <= most, `${held()} of ${rss}`)
})
