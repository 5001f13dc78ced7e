/** What a message says of its way, and what either version has words of its own for. */
import t from 'tap'
import type { Fields } from '../../support/http2-raw.ts'
import { startProxy } from '../../support/proxy.ts'
import { PAIRINGS, VERSIONS } from './ends.ts'
import { ask, type Got, type Version } from './clients.ts'
import { firstOf } from './message.ts'
import { Http1Origin, Http2Origin } from './origins.ts'

const OF: Readonly<Record<Version, string>> = { http1: '1.1', http2: '2.0' }

async function inbound(t: { teardown(fn: () => unknown): unknown }, to: Version) {
  const origin = to === 'http1' ? new Http1Origin() : new Http2Origin()
  const app = await origin.listen()
  const proxy = await startProxy(
    `kind: Sidecar\nname: way\ninbound: [{app: "127.0.0.1:${app}", protocol: ${to}}]\naccessLog: {format: none}\n`,
    { app },
  )
  t.teardown(async () => {
    await proxy.stop()
    await origin.close()
  })
  return { origin, proxy }
}

function send(from: Version, port: number, fields: Fields): Promise<Got> {
  return ask(from, port, { method: 'GET', path: '/', authority: 'app.test:81', fields })
}

for (const [from, to] of PAIRINGS) {
  t.test(`${from} to ${to}: where a request came from, and Via with the version it came in`, async (t) => {
    const { origin, proxy } = await inbound(t, to)
    await send(from, proxy.inbound, [
      ['x-forwarded-for', '10.0.0.1'],
      ['x-a', 'b'],
    ])
    const [seen] = origin.heads
    const said = (name: string): string | undefined => firstOf(seen as Fields, name)
    t.equal(said('x-forwarded-for'), '127.0.0.1', 'a stranger is not believed')
    t.equal(said('x-forwarded-proto'), 'http')
    t.equal(said('x-forwarded-host'), 'app.test:81')
    t.match(said('via'), new RegExp(`^${OF[from]} outrigger-way-`))
    t.strictSame(origin.nonsense, [])
  })

  t.test(`${from} to ${to}: te: trailers goes on, by the name of the next connection`, async (t) => {
    const { origin, proxy } = await inbound(t, to)
    await send(
      from,
      proxy.inbound,
      from === 'http1'
        ? [
            ['TE', 'trailers'],
            ['Connection', 'TE'],
          ]
        : [['te', 'trailers']],
    )
    t.strictSame(origin.seen[0]?.fields, [['te', 'trailers']])
    t.strictSame(origin.nonsense, [])
  })

  t.test(`${from} to ${to}: the loop is seen, whichever version it was in before`, async (t) => {
    const { origin, proxy } = await inbound(t, to)
    await send(from, proxy.inbound, [])
    const name = firstOf(origin.heads[0] as Fields, 'via')?.split(' ')[1]
    for (const version of ['1.1', '2.0']) {
      const { answer } = await send(from, proxy.inbound, [['via', `${version} ${name}`]])
      t.equal(answer?.status, 508)
    }
  })
}

for (const to of VERSIONS) {
  t.test(`HTTP/1.1 to ${to}: several Cookie fields, names in capitals`, async (t) => {
    const { origin, proxy } = await inbound(t, to)
    await send('http1', proxy.inbound, [
      ['X-UPPER', 'Value'],
      ['Cookie', 'a=b'],
      ['COOKIE', 'c=d'],
    ])
    t.strictSame(origin.seen[0]?.fields, [
      ['x-upper', 'Value'],
      ['cookie', 'a=b'],
      ['cookie', 'c=d'],
    ])
    t.strictSame(origin.nonsense, [])
  })
}
