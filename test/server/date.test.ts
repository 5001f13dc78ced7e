import http2 from 'node:http2'
import t from 'tap'
import { ask, field, get, post, request } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'

/** Where the fake clock begins. */
const NOW = 'Fri, 15 Jan 2027 08:00:00 GMT'
const SECOND_LATER = 'Fri, 15 Jan 2027 08:00:01 GMT'

t.test('An answer that came without a Date gets one as it passes (RFC 9110 §6.6.1)', async (t) => {
  const clock = new FakeClock()
  const { port } = await scene(t, HI, { clock })
  t.equal(field(await ask(port, get('/')), 'date'), NOW)
  clock.advance(1500)
  t.equal(field(await ask(port, get('/')), 'date'), SECOND_LATER)
})

t.test('The Date of an upstream is kept, whatever its case, and stays one', async (t) => {
  const theirs = 'Mon, 01 Jan 2024 00:00:00 GMT'
  const { port } = await scene(
    t,
    answering(() => OK.replace('\r\n', `\r\nDATE: ${theirs}\r\n`)),
  )
  const got = await ask(port, get('/'))
  t.strictSame(
    got.fields.filter((name) => /^date$/i.test(name)),
    ['DATE'],
  )
  t.equal(field(got, 'date'), theirs)
})

t.test('Answers of our own have a Date: of a policy, of routing, of a codec, of Max-Forwards', async (t) => {
  const fallback = "fallback: [{when: [any], use: static, status: 503, contentType: text/plain, body: 'later'}]"
  const { port } = await scene(
    t,
    answering(() => OK.replace('200 OK', '500 No')),
    { clock: new FakeClock(), yaml: policy(fallback) },
  )
  for (const [status, text] of [
    [503, get('/')],
    [404, get('/', 'Host: nobody')],
    [400, 'GET / HTTP/1.1\r\n\r\n'],
    [200, request('OPTIONS /', ['Max-Forwards: 0'])],
  ] as const) {
    const got = await ask(port, text)
    t.equal(got.status, status)
    t.equal(field(got, 'date'), NOW, `of a ${status}`)
  }
})

t.test('A client of HTTP/2 gets it, too', async (t) => {
  const { port } = await scene(t, HI, { clock: new FakeClock(), service: 'protocol: http1' })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  const stream = session.request({ ':authority': 'origin' })
  const head = await new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once('response', resolve))
  stream.resume()
  t.match(head, { ':status': 200, date: NOW })
})

t.test('An answer that is given once more for its Idempotency-Key has the Date it had the first time', async (t) => {
  const clock = new FakeClock()
  const yaml = 'kind: Policy\nname: p\nmatch: {direction: inbound}\nidempotency: {store: memory}\n'
  const { port } = await scene(t, HI, { clock, inbound: true, yaml })
  const write = post('/', 'buy', 'Idempotency-Key: k')
  t.equal(field(await ask(port, write), 'date'), NOW)
  clock.advance(1500)
  const again = await ask(port, write)
  t.equal(field(again, 'idempotent-replayed'), 'true')
  t.equal(field(again, 'date'), NOW)
})
