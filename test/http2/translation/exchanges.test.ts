/** One exchange at a time through every pairing of the two versions: bodies, trailers, interim and early answers, ends. */
import t from 'tap'
import type { Fields } from '../../support/http2-raw.ts'
import { metric } from '../../support/ask.ts'
import { type Answerer, type Asker, pair, PAIRINGS } from './ends.ts'
import { firstOf } from './message.ts'

const SUM: Fields = [['x-sum', 'abc']]

for (const [from, to] of PAIRINGS) {
  const name = `${from} to ${to}`

  async function begun(t: Parameters<typeof pair>[0], asked: Parameters<Asker['ask']>[0]) {
    const { asker, answerer, proxy } = await pair(t, from, to)
    const client = await asker()
    client.ask(asked)
    const origin: Answerer = await answerer()
    return { client, origin, proxy }
  }

  t.test(`${name}: a request of each framing arrives as it is`, async (t) => {
    for (const [body, text] of [
      [0, ''],
      [5, 'hello'],
      [-1, 'hello'],
      [-1, ''],
    ] as const) {
      const { client, origin } = await begun(t, { method: 'POST', path: '/a?b', body, fields: [['x-a', 'b']] })
      if (text !== '') client.data(text)
      if (body !== 0) client.end()
      const seen = await origin.until('the whole request', ({ whole }) => whole)
      t.match(seen, { method: 'POST', target: '/a?b', authority: 'origin', body: text })
      t.equal(firstOf(seen.fields, 'x-a'), 'b')
      t.equal(seen.length, body === 5 ? '5' : body === 0 && from === 'http2' ? '0' : undefined)
      origin.head(200, [], 2)
      origin.data('ok')
      origin.end()
      t.equal((await client.whole()).answer?.body, 'ok')
    }
  })

  t.test(`${name}: trailers both ways, behind bodies and right behind heads`, async (t) => {
    for (const text of ['hello', '']) {
      const { client, origin } = await begun(t, { method: 'POST', body: -1 })
      if (text !== '') client.data(text)
      client.end(SUM)
      const seen = await origin.until('the whole request', ({ whole }) => whole)
      t.strictSame([seen.body, seen.trailers], [text, SUM])
      origin.head(200)
      if (text !== '') origin.data(text)
      origin.end([['x-late', '1']])
      const { answer, problems } = await client.whole()
      t.strictSame([answer?.body, answer?.trailers, problems], [text, [['x-late', '1']], []])
    }
  })

  t.test(`${name}: pieces come as they were sent, none waits for the next`, async (t) => {
    const { client, origin } = await begun(t, { method: 'POST', body: -1 })
    await origin.until('the head', () => true)
    origin.head(200)
    await client.until('the head', ({ answer }) => answer !== undefined)
    for (const piece of ['one', 'two', 'three']) {
      client.data(piece)
      await origin.until(piece, ({ seen }) => seen.body.includes(piece))
      origin.data(piece)
    }
    client.end()
    origin.end()
    t.equal((await client.whole()).answer?.body, 'onetwothree')
  })

  t.test(`${name}: a megabyte each way`, async (t) => {
    const text = Buffer.alloc(1_000_000, 'outrigger ')
    const { client, origin } = await begun(t, { method: 'PUT', body: -1 })
    // Both as a peer in HTTP/2 would: no further than its window.
    for (let to = 10_000; to <= text.length; to += 10_000) {
      client.data(text.subarray(to - 10_000, to))
      await origin.until('so much', ({ seen, whole }) => !whole && seen.body.length >= to)
    }
    client.end()
    t.ok((await origin.until('all', ({ whole }) => whole)).body === text.toString('latin1'))
    origin.head(200, [], text.length)
    for (let to = 10_000; to <= text.length; to += 10_000) {
      await origin.room(10_000)
      origin.data(text.subarray(to - 10_000, to))
    }
    origin.end()
    t.ok((await client.whole()).answer?.body === text.toString('latin1'))
  })

  t.test(`${name}: 100-continue that is granted, and 103 before it`, async (t) => {
    const { client, origin } = await begun(t, { method: 'POST', body: 5, fields: [['expect', '100-continue']] })
    const seen = await origin.until('the head', () => true)
    t.equal(firstOf(seen.fields, 'expect'), '100-continue')
    origin.inform(103)
    origin.inform(103)
    origin.inform(100)
    await client.until('a 100', ({ informational }) => informational.some(({ status }) => status === 100))
    client.data('hello')
    client.end()
    t.equal((await origin.until('the body', ({ whole }) => whole)).body, 'hello')
    origin.head(200, [], 2)
    origin.data('ok')
    origin.end()
    const { answer, informational, problems } = await client.whole()
    t.strictSame([answer?.status, informational.map(({ status }) => status), problems], [200, [103, 103, 100], []])
  })

  t.test(`${name}: 100-continue that is refused: the answer is whole, the body is not asked for`, async (t) => {
    const { client, origin } = await begun(t, { method: 'POST', body: 5, fields: [['expect', '100-continue']] })
    await origin.until('the head', () => true)
    origin.head(417, [], 2)
    origin.data('no')
    origin.end()
    const { answer } = await client.whole()
    t.strictSame([answer?.status, answer?.body], [417, 'no'])
    if (from === 'http2') t.equal((await client.broken()).reset, 0, 'RST_STREAM(NO_ERROR) behind END_STREAM')
    await origin.cancelled()
  })

  t.test(`${name}: an answer before the request is whole`, async (t) => {
    const { client, origin } = await begun(t, { method: 'POST', body: -1 })
    client.data('begun')
    await origin.until('its begin', ({ seen }) => seen.body.includes('begun'))
    origin.head(413, [], 3)
    origin.data('too')
    origin.end()
    const { answer } = await client.whole()
    t.strictSame([answer?.status, answer?.body], [413, 'too'])
    if (from === 'http2') t.equal((await client.broken()).reset, 0, 'RST_STREAM(NO_ERROR) behind END_STREAM')
    await origin.cancelled()
  })

  for (const phase of ['before the request is whole', 'before the head', 'in the answer'] as const) {
    t.test(`${name}: a client that cancels ${phase} is cancelled upstream`, async (t) => {
      const { client, origin, proxy } = await begun(t, { method: 'POST', body: 5 })
      client.data(phase === 'before the request is whole' ? 'he' : 'hello')
      if (phase !== 'before the request is whole') client.end()
      await origin.until('it', ({ seen, whole }) => whole || seen.body === 'he')
      if (phase === 'in the answer') {
        origin.head(200, [], 5)
        origin.data('he')
        await client.until('its begin', ({ answer }) => answer !== undefined)
      }
      client.cancel()
      await origin.cancelled()
      t.equal(origin.request()?.whole, phase !== 'before the request is whole', 'what is not whole does not look whole')
      t.equal(await metric(proxy, 'http_server_active_requests'), 0)
    })
  }

  for (const length of [undefined, 5]) {
    t.test(
      `${name}: an upstream that breaks its answer off (length ${length}) leaves none that looks whole`,
      async (t) => {
        const { client, origin } = await begun(t, {})
        await origin.until('it', ({ whole }) => whole)
        origin.head(200, [], length)
        origin.data('he')
        await client.until('its begin', ({ answer }) => answer !== undefined)
        origin.reset()
        const { answer, whole } = await client.broken()
        t.strictSame([answer?.status, whole], [200, false])
      },
    )
  }

  t.test(`${name}: an upstream that breaks off before its head is a 502`, async (t) => {
    const { client, origin } = await begun(t, { method: 'POST', body: 5 })
    client.data('hello')
    client.end()
    await origin.until('it', ({ whole }) => whole)
    origin.reset()
    const { answer } = await client.whole()
    t.equal(answer?.status, 502)
    t.equal(firstOf(answer?.fields ?? [], 'x-outrigger-reason'), 'upstream_reset')
  })
}
