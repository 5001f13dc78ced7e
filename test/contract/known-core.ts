/** Defects of src/core that are known and not yet mended; each moves to its test file when it is. Run by hand. */
import t from 'tap'
import { NO_BODY } from '../../src/core/forwarding.ts'
import { ReplayAccount, ReplayBuffer } from '../../src/core/replay-buffer.ts'

t.test('ReplayBuffer does not pin 64 KiB for a kept slice of 100 bytes', async (t) => {
  const buffer = new ReplayBuffer(new ReplayAccount(1e6), 1e6)
  buffer.data(Buffer.alloc(65_536, 'a').subarray(0, 100))
  let pinned = 0
  buffer.replay({
    ...NO_BODY,
    data(chunk) {
      pinned += chunk.buffer.byteLength
    },
  })
  t.ok(pinned <= 400, `pins ${pinned} bytes`)
})
