/** Frames without end that ask for nothing (RFC 9113 §10.5): the connection ends, nobody else notices. */
import t, { type Test } from 'tap'
import type { Violation } from '../../../src/http/violation.ts'
import { ENHANCE_YOUR_CALM } from '../../../src/http2/frames.ts'
import { answering, http2Client, type Http2Peer, http2RawOrigin } from '../../support/http2-raw.ts'
import { floods, kindred, kindredProvocations, provocations, provoking } from './floods.ts'
import { MEASURABLE, startVictim, type Victim, withstands } from './victim.ts'

async function calm(t: Test, client: Http2Peer): Promise<void> {
  t.equal(await client.goaway(), ENHANCE_YOUR_CALM, 'GOAWAY ENHANCE_YOUR_CALM')
  await client.untilEnded()
  client.destroy()
}

/** Since the last time it was asked. */
let before = 0

async function counted(t: Test, victim: Victim, kind: Violation): Promise<void> {
  const all = await victim.violations()
  const ended = Object.entries(all).reduce((sum, [key, value]) => sum + (key === 'client malformed' ? 0 : value), 0)
  t.ok((all[`client ${kind}`] ?? 0) > 0, `counted as ${kind}`)
  t.ok(ended > before, 'each connection that ended was counted')
  before = ended
}

t.test('Floods', { skip: !MEASURABLE }, async (t) => {
  const origin = await http2RawOrigin(t, answering())
  const silent = await http2RawOrigin(t, () => {})
  const victim: Victim = await startVictim(t, { origin: origin.port, silent: silent.port })
  for (const [what, kind, flood] of floods) {
    await t.test(what, async (t) => {
      await withstands(t, victim, async (port) => {
        const client = await http2Client(t, port)
        await flood(client)
        await calm(t, client)
      })
      await counted(t, victim, kind)
    })
  }
  await t.test('kindred floods, one after the other', async (t) => {
    await withstands(t, victim, async (port) => {
      for (const [, , flood] of kindred) {
        const client = await http2Client(t, port)
        await flood(client)
        await calm(t, client)
      }
      for (const [, provoke] of kindredProvocations) {
        const client = await http2Client(t, port)
        await provoking(client, provoke)
        await calm(t, client)
      }
    })
    await counted(t, victim, 'flood')
  })
  for (const [what, provoke] of provocations) {
    await t.test(`made you reset: ${what}`, async (t) => {
      await withstands(t, victim, async (port) => {
        const client = await http2Client(t, port)
        await provoking(client, provoke)
        await calm(t, client)
      })
      await counted(t, victim, 'reset_flood')
    })
  }
})
