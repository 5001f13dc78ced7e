import t from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { beforeCollection, collectHard } from '../../src/core/garbage.ts'
import { leftBehind } from '../../src/http2/flood-garbage.ts'
import { ENHANCE_YOUR_CALM } from '../../src/http2/frames.ts'
import { answering, http2Client, http2RawOrigin, ping, request, times } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

const MIB = 1024 * 1024

let collections = 0
beforeCollection(() => void collections++)

/** Is counted by V8 from now on. */
const kept: Buffer[] = []
const more = (): void => void kept.push(Buffer.alloc(16 * MIB))

t.beforeEach(() => {
  kept.length = 0
  // What the test before has left would go in the midst of this one, and there would be less than it began with.
  collectHard()
  collectHard()
  collections = 0
})

class Later extends SystemClock {
  added = 0

  override now(): number {
    return super.now() + this.added
  }
}

t.test('the end of a flood is looked at, and of who leaves requests behind; not of who is done', async (t) => {
  const origin = await http2RawOrigin(t, answering())
  const silent = await http2RawOrigin(t, () => {})
  const clock = new Later()
  const yaml = services({ origin: origin.port, silent: silent.port })
  const proxy = await startProxy(yaml.replaceAll(/^name: (origin|silent)\n/gm, 'name: $1\nprotocol: http2\n'), {
    clock,
  })
  t.teardown(() => proxy.stop())
  const leaves = async (authority: string): Promise<void> => {
    const client = await http2Client(t, proxy.outbound)
    client.send(request(1, { authority }))
    if (authority === 'origin') await client.status(1)
    await client.roundTrip()
    client.destroy()
  }
  const floods = async (): Promise<void> => {
    const client = await http2Client(t, proxy.outbound)
    client.send(times(3000, ping()))
    t.equal(await client.goaway(), ENHANCE_YOUR_CALM)
  }
  await floods()
  collections = 0

  clock.added += 1000
  more()
  await floods()
  t.equal(collections, 1)

  clock.added += 1000
  more()
  await leaves('origin')
  for (let i = 0; i < 20; i++) await turn()
  t.equal(collections, 1)
  await leaves('silent')
  while (collections === 1) await turn()
  t.equal(collections, 2)
})

t.test('leftBehind() collects once much more is there than was, and not again at once', async (t) => {
  const begin = 1e9
  leftBehind(begin)
  leftBehind(begin + 1)
  t.equal(collections, 0, 'there is not more than before')
  more()
  leftBehind(begin + 2)
  t.equal(collections, 1)
  leftBehind(begin + 1000)
  t.equal(collections, 1, 'what is alive is no reason to collect it twice')
  more()
  leftBehind(begin + 1001)
  t.equal(collections, 2)
  more()
  leftBehind(begin + 1002)
  t.equal(collections, 2, 'it has to have time to do so')
  leftBehind(begin + 2000)
  t.equal(collections, 3)
})
