import t from 'tap'
import { isLoopback } from '../../src/admin/protect.ts'

t.test('Loopback is 127/8 and ::1, also mapped', async (t) => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) t.ok(isLoopback(address), address)
  for (const address of ['', '10.0.0.1', '::', '::ffff:10.0.0.1', '127.evil', 'fe80::1', '1270.0.0.1']) {
    t.notOk(isLoopback(address), address)
  }
})
