/** An answer as it is taken down. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { ResponseHead } from '../../../src/core/exchange.ts'
import { ReplayAccount } from '../../../src/core/replay-buffer.ts'
import { Recording } from '../../../src/policies/idempotency/answer.ts'

t.test('an answer that comes in crumbs takes about its bytes while it comes, and is the same', async (t) => {
  const account = new ReplayAccount(1_000_000)
  const recording = new Recording(account, 1_000_000)
  recording.head = new ResponseHead(201, '', [], -1, 'upstream', '')
  const crumb = Buffer.from('x')
  const before = held()
  for (let i = 0; i < 100_000; i++) recording.data(crumb)
  t.ok(held() - before < 2_000_000, 'each by itself: 10 MB')
  recording.data(Buffer.alloc(600, 'y'))
  recording.data(Buffer.from('z'))
  t.equal(account.used, 100_601)
  const { body } = recording.answer('print', undefined)
  t.equal(body.toString(), `${'x'.repeat(100_000)}${'y'.repeat(600)}z`)
  recording.drop()
  t.equal(account.used, 0)
})

/** Bytes after a collection by the engine itself. */
function held(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
