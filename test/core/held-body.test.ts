import t from 'tap'
import { ProxyError } from '../../src/core/errors.ts'
import { type RequestBody, type ResponseHandler, ResponseHead } from '../../src/core/exchange.ts'
import { HeldBody, type Holder } from '../../src/core/held-body.ts'
import { NO_HEADERS } from '../../src/core/headers.ts'
import { lent } from '../support/lent.ts'

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')
const FULL = new ProxyError('bulkhead_full', 'proxy', 'no', 'full')
const OK = new ResponseHead(200, 'OK', NO_HEADERS, 0, 'upstream', '')

/** Both ends written down in one list, in the order of the calls. */
function scene() {
  const calls: string[] = []
  const response: ResponseHandler = {
    informational: (head) => calls.push(`informational ${head.status}`),
    head: (head) => calls.push(`head ${head.status}`),
    data: (chunk) => calls.push(`answer ${chunk}`),
    end: (trailers) => calls.push(trailers === undefined ? 'answered' : `answered ${trailers}`),
    fail: (error) => calls.push(`fail ${error.reason}`),
    pauseRequest: () => calls.push('pauseRequest'),
    resumeRequest: () => calls.push('resumeRequest'),
  }
  const down: RequestBody = {
    data: (chunk) => calls.push(`down ${chunk}`),
    end: (trailers) => calls.push(trailers === undefined ? 'down end' : `down end ${trailers}`),
    abort: (reason) => calls.push(`down abort ${reason.reason}`),
    pauseResponse: () => calls.push('down pauseResponse'),
    resumeResponse: () => calls.push('down resumeResponse'),
  }
  const holder: Holder = { abandoned: () => calls.push('abandoned') }
  const body = new HeldBody(response, holder)
  return { calls, down, body, response, take: () => calls.splice(0) }
}

t.test('HeldBody pauses at the first chunk and replays what came', async (t) => {
  const { body, down, take } = scene()
  t.ok(body.held)
  body.data(lent('a'))
  t.strictSame(take(), ['pauseRequest'])
  body.data(lent('b'))
  t.strictSame(take(), [], 'pause is a level')
  body.end(['x', '1'])
  body.release(down)
  t.notOk(body.held)
  t.strictSame(take(), ['down a', 'down b', 'down end x,1', 'resumeRequest'])
})

t.test('HeldBody puts thousands of tiny chunks together, and a large one behind them in its place', async (t) => {
  const { body, down, take } = scene()
  let said = ''
  for (let i = 0; i < 5000; i++) {
    const chunk = i === 3000 ? 'large'.repeat(200) : String(i % 10)
    said += chunk
    body.data(lent(chunk))
  }
  t.strictSame(take(), ['pauseRequest'])
  body.release(down)
  const sent = take().filter((call) => call.startsWith('down '))
  t.ok(sent.length < 40, `${sent.length} chunks`)
  t.equal(sent.map((call) => call.slice('down '.length)).join(''), said)
})

t.test('HeldBody changes no chunk that it has sent, though more comes while it sends', async (t) => {
  const { body, down } = scene()
  for (let i = 0; i < 30; i++) body.data(lent('a'))
  const sent: Buffer[] = []
  body.release({
    ...down,
    data: (chunk) => {
      sent.push(chunk)
      if (sent.length <= 20) body.data(lent('b'))
    },
  })
  t.equal(Buffer.concat(sent).toString(), 'a'.repeat(30) + 'b'.repeat(20))
})

t.test('HeldBody without a body neither pauses nor resumes', async (t) => {
  const { body, down, take } = scene()
  body.end()
  body.release(down)
  t.strictSame(take(), ['down end'])
})

t.test('HeldBody forwards every call once released', async (t) => {
  const { body, down, take } = scene()
  body.release(down)
  body.data(lent('a'))
  body.pauseResponse()
  body.resumeResponse()
  body.end()
  body.abort(LEFT)
  t.strictSame(take(), [
    'down a',
    'down pauseResponse',
    'down resumeResponse',
    'down end',
    'down abort client_cancelled',
  ])
})

t.test('HeldBody repeats pauseResponse before anything else, and only while it stands', async (t) => {
  const paused = scene()
  paused.body.pauseResponse()
  paused.body.data(lent('a'))
  paused.body.release(paused.down)
  t.strictSame(paused.take(), ['pauseRequest', 'down pauseResponse', 'down a', 'resumeRequest'])
  const resumed = scene()
  resumed.body.pauseResponse()
  resumed.body.resumeResponse()
  resumed.body.release(resumed.down)
  t.strictSame(resumed.take(), [])
})

t.test('HeldBody answers an abort with fail before it returns, once, and tells the holder first', async (t) => {
  const { body, take } = scene()
  body.data(lent('a'))
  take()
  body.abort(LEFT)
  t.strictSame(take(), ['abandoned', 'fail client_cancelled'])
  t.notOk(body.held)
  body.abort(FULL)
  body.refuse(FULL)
  body.data(lent('b'))
  body.end()
  body.pauseResponse()
  body.resumeResponse()
  t.strictSame(take(), [])
})

t.test('HeldBody.refuse ends the wait; an abort after it is nothing', async (t) => {
  const { body, take } = scene()
  body.refuse(FULL)
  body.refuse(FULL)
  body.abort(LEFT)
  t.strictSame(take(), ['abandoned', 'fail bulkhead_full'])
})

t.test('HeldBody.gate passes the answer up', async (t) => {
  const { body, down, take } = scene()
  body.release(down)
  body.gate.informational(new ResponseHead(103, '', NO_HEADERS, 0, 'upstream', ''))
  body.gate.head(OK)
  body.gate.data(lent('x'))
  body.gate.end(['y', '2'])
  t.strictSame(take(), ['informational 103', 'head 200', 'answer x', 'answered y,2'])
})

t.test("HeldBody.gate keeps its pause and its neighbour's apart", async (t) => {
  const { body, down, take } = scene()
  body.data(lent('a'))
  take()
  body.gate.pauseRequest()
  t.strictSame(take(), [], 'already paused')
  body.release(down)
  t.strictSame(take(), ['down a'], 'the neighbour still pauses')
  body.gate.resumeRequest()
  t.strictSame(take(), ['resumeRequest'])
})

t.test('HeldBody.gate does not resume while it holds, though its neighbour does', async (t) => {
  const { body, down, take } = scene()
  body.data(lent('a'))
  body.gate.pauseRequest()
  body.gate.resumeRequest()
  t.strictSame(take(), ['pauseRequest'])
  body.release(down)
  t.strictSame(take(), ['down a', 'resumeRequest'])
})

t.test('HeldBody says nothing after a terminal that came while it replays', async (t) => {
  for (const how of ['end', 'fail'] as const) {
    const { body, down, take } = scene()
    body.data(lent('a'))
    take()
    const nested: RequestBody = {
      ...down,
      data(chunk) {
        down.data(chunk)
        if (how === 'fail') body.gate.fail(FULL)
        else {
          body.gate.head(OK)
          body.gate.end()
        }
      },
    }
    body.release(nested)
    const calls = take()
    t.equal(calls.at(-1), how === 'fail' ? 'fail bulkhead_full' : 'answered')
    t.notOk(calls.includes('resumeRequest'), 'a pause dies with the terminal')
  }
})

t.test('HeldBody takes an abort from inside its own pauseRequest', async (t) => {
  const calls: string[] = []
  const up = scene()
  const body = new HeldBody(
    {
      ...up.response,
      pauseRequest() {
        calls.push('pauseRequest')
        body.abort(LEFT)
      },
      fail: (error) => calls.push(`fail ${error.reason}`),
    },
    { abandoned: () => calls.push('abandoned') },
  )
  body.data(lent('a'))
  t.strictSame(calls, ['pauseRequest', 'abandoned', 'fail client_cancelled'])
})

t.test('HeldBody takes an abort from inside its replay', async (t) => {
  const { body, down, calls } = scene()
  body.data(lent('a'))
  body.data(lent('b'))
  body.end()
  calls.length = 0
  let over = false
  body.release({
    ...down,
    data(chunk) {
      if (over) return
      down.data(chunk)
      body.abort(LEFT)
    },
    abort(reason) {
      over = true
      body.gate.fail(reason)
    },
    end() {},
  })
  t.strictSame(calls, ['down a', 'fail client_cancelled'])
})

for (const when of ['pauseResponse', 'data'] as const) {
  t.test(`HeldBody keeps the order when more comes from inside its replay (answered inside ${when})`, async (t) => {
    const came: string[] = []
    const asker: ResponseHandler = {
      informational() {
        body.data(lent('b'))
        body.end()
      },
      head() {},
      data() {},
      end() {},
      fail() {},
      pauseRequest() {},
      resumeRequest() {},
    }
    const body = new HeldBody(asker, { abandoned() {} })
    const answer = () => body.gate.informational(new ResponseHead(100, '', NO_HEADERS, 0, 'upstream', ''))
    body.data(lent('a'))
    body.data(lent('A'))
    body.pauseResponse()
    body.release({
      data(chunk) {
        came.push(String(chunk))
        if (when === 'data' && came.length === 1) answer()
      },
      end: () => came.push('end'),
      abort() {},
      pauseResponse: () => when === 'pauseResponse' && answer(),
      resumeResponse() {},
    } as RequestBody)
    t.strictSame(came, ['a', 'A', 'b', 'end'])
  })
}
