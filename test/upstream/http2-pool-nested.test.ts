/** Http2Pool: calls that nest (G9). */
import t from 'tap'
import { LARGE_ENOUGH } from '../../src/core/crumbs.ts'
import { RST_STREAM } from '../../src/http2/frames.ts'
import { type Call, LEFT, OK, peerOf, silent, until, World } from '../support/http2-pool-world.ts'
import { block, data, headers, windowUpdate } from '../support/http2-raw.ts'

const NESTED: readonly (readonly [what: string, event: string, then: (call: Call) => void])[] = [
  ['an abort inside the head', 'head', (call) => call.body.abort(LEFT)],
  ['an abort inside data', 'data', (call) => call.body.abort(LEFT)],
  ['an abort inside a 1xx', 'informational', (call) => call.body.abort(LEFT)],
  ['an abort inside the end', 'end', (call) => call.body.abort(LEFT)],
]

for (const [what, event, then] of NESTED) {
  t.test(`Http2Pool: ${what} is the last that is heard; the other streams of the same read go on`, async (t) => {
    const origin = await silent(t)
    const world = new World(origin.port)
    const call = world.ask()
    const other = world.ask()
    const heard: string[] = []
    call.on = (now) => {
      heard.push(now)
      if (now === event) then(call)
    }
    const peer = await peerOf(origin, 0)
    await peer.head(3)
    peer.send(
      headers(1, block([[':status', '103']])),
      headers(1, OK),
      data(1, 'one'),
      data(1, 'two', true),
      headers(3, OK),
      data(3, 'three', true),
    )
    await until('the other answer', () => other.ended)
    const at = heard.indexOf(event)
    t.strictSame(heard.slice(at), event === 'end' ? ['end'] : [event, 'fail'])
    t.equal(other.bytes, 5)
    const wasReset = peer.frames.some(({ type, id }) => type === RST_STREAM && id === 1)
    if (event !== 'end') {
      await peer.resetCode(1)
    } else t.notOk(wasReset)
    await world.over(t)
  })
}

t.test('Http2Pool: a pause inside data holds what comes behind it, and an abort inside a resume ends it', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const call = world.ask()
  call.on = (what) => {
    if (what === 'data') call.body.pauseResponse()
  }
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  // Each large enough to be held as it came.
  const pieces = [LARGE_ENOUGH, LARGE_ENOUGH + 1, LARGE_ENOUGH + 2].map((size) => 'x'.repeat(size)) as [
    string,
    string,
    string,
  ]
  peer.send(headers(1, OK), data(1, pieces[0]), data(1, pieces[1]), data(1, pieces[2], true))
  await peer.roundTrip()
  t.equal(call.bytes, LARGE_ENOUGH)
  call.body.resumeResponse()
  t.equal(call.bytes, 2 * LARGE_ENOUGH + 1, 'one more, which paused again')
  call.on = (what) => {
    if (what === 'data') call.body.abort(LEFT)
  }
  call.body.resumeResponse()
  t.equal(call.failure, 'client_cancelled no')
  t.equal(call.bytes, 3 * LARGE_ENOUGH + 3)
  await world.over(t)
})

t.test('Http2Pool: what a resumed sender says inside the resume keeps its place, its end too', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const call = world.ask({ open: true })
  let resumed = 0
  call.on = (what) => {
    if (what !== 'resumeRequest') return
    resumed++
    call.body.data(Buffer.alloc(70_000, resumed === 1 ? 'b' : 'c'))
    if (resumed === 2) call.body.end()
  }
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  call.body.data(Buffer.alloc(70_000, 'a'))
  peer.send(windowUpdate(0, 1_000_000))
  peer.send(windowUpdate(1, 70_000))
  await peer.when('the second part', () => peer.dataBytes === 135_535)
  peer.send(windowUpdate(1, 200_000))
  await peer.finished(1)
  const body = Buffer.concat(peer.frames.filter(({ type }) => type === 0).map(({ payload }) => payload)).toString()
  t.ok(body === 'a'.repeat(70_000) + 'b'.repeat(70_000) + 'c'.repeat(70_000))
  await world.over(t)
})
