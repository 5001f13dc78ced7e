import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { type AdminListener, type AdminSource, type Frame, startAdmin } from '../../src/admin/index.ts'
import type { BreakerSnapshot, Forceable } from '../../src/core/events.ts'
import { FakeClock } from '../support/fake-clock.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }
const JSON_TYPE = { 'content-type': 'application/json' }

class FakeBreaker implements Forceable {
  forced: 'open' | 'closed' | 'auto' = 'auto'

  force(state: 'open' | 'closed' | 'auto'): void {
    this.forced = state
  }

  snapshot(): BreakerSnapshot {
    return {
      kind: 'breaker',
      id: 'inventory/v1 *',
      service: 'inventory',
      scope: 'service',
      key: '',
      state: 'closed',
      forced: this.forced,
      failureRatio: 0,
      slowRatio: 0,
      calls: 0,
      opensFor: 0,
    }
  }
}

class FakeSource implements AdminSource {
  up = true
  readonly log: string[] = []
  readonly its = new FakeBreaker()
  fails = false

  live = () => true
  ready = () => this.up
  started = () => this.up
  metrics = (accept: string) =>
    this.fails ? Promise.reject(new Error('no metrics')) : Promise.resolve({ type: `x/${accept}`, text: 'm 1\n' })
  config = () => ({ name: 'orders', maxRequestBytes: Number.POSITIVE_INFINITY })
  state = () => ({ breakers: [this.its.snapshot()] })
  appHealth = async (name: string) =>
    name === 'app/livez' ? { passed: this.up, why: this.up ? 'status 200' : 'status 500' } : undefined
  frame = () => ({}) as Frame
  ended = () => ({ count: 0, records: [] })
  tap = () => () => {}
  paths = false
  explain = (query: URLSearchParams) => ({
    status: query.get('url') === 'http://nobody/' ? 404 : 200,
    body: query.has('text') ? 'for people\n' : [...query],
  })
  announce = () => void this.log.push('announce')
  drain = () => void this.log.push('drain')
  quit = () => void this.log.push('quit')
  breaker = (id: string) => (id === 'inventory/v1 *' ? this.its : undefined)
}

interface Got {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

function ask(
  { address }: AdminListener,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<Got> {
  const colon = address.lastIndexOf(':')
  const options = { host: '127.0.0.1', port: address.slice(colon + 1), method, path, headers, agent: false as const }
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function listening(t: Test): Promise<{ source: FakeSource; admin: AdminListener }> {
  const source = new FakeSource()
  const admin = await startAdmin(LOOPBACK, source, new FakeClock())
  t.teardown(() => admin.close())
  return { source, admin }
}

t.test('Probes follow the source', async (t) => {
  const { source, admin } = await listening(t)
  for (const path of ['/livez', '/readyz', '/startupz']) t.equal((await ask(admin, 'GET', path)).status, 200)
  source.up = false
  t.equal((await ask(admin, 'GET', '/livez')).status, 200)
  t.equal((await ask(admin, 'GET', '/readyz')).status, 503)
  t.equal((await ask(admin, 'HEAD', '/startupz')).status, 503)
  t.equal((await ask(admin, 'HEAD', '/tap')).status, 200)
})

t.test('/metrics, /config, /state and /explain tell what their source does', async (t) => {
  const { source, admin } = await listening(t)
  const metrics = await ask(admin, 'GET', '/metrics', { accept: 'open' })
  t.same([metrics.status, metrics.body, metrics.headers['content-type']], [200, 'm 1\n', 'x/open'])
  t.same(JSON.parse((await ask(admin, 'GET', '/config?x')).body), { name: 'orders', maxRequestBytes: 'none' })
  t.match(JSON.parse((await ask(admin, 'GET', '/state')).body), { breakers: [{ id: 'inventory/v1 *' }] })
  const explained = await ask(admin, 'GET', '/explain?url=http%3A%2F%2Finventory%2Fv1&method=post')
  t.same(JSON.parse(explained.body), [
    ['url', 'http://inventory/v1'],
    ['method', 'post'],
  ])
  const said = await ask(admin, 'GET', '/explain?text')
  t.match([said.body, said.headers['content-type']], ['for people\n', /^text\/plain/])
  t.equal((await ask(admin, 'GET', '/explain?url=http://nobody/')).status, 404)
  source.fails = true
  t.equal((await ask(admin, 'GET', '/metrics')).status, 500)
})

t.test('What is not there, and not that way', async (t) => {
  const { source, admin } = await listening(t)
  for (const path of [
    '/page/',
    '/page/nothing',
    '/page/__proto__',
    '/nothing',
    '/__proto__',
    '/constructor',
    '//livez',
    '/livez/',
  ]) {
    const got = await ask(admin, 'GET', path)
    t.equal(got.status, 404, path)
    t.equal(JSON.parse(got.body).error.reason, 'not_found')
  }
  const cases = [
    ['POST', '/livez', 'GET, HEAD'],
    ['POST', '/tap', 'GET, HEAD'],
    ['DELETE', '/state', 'GET, HEAD'],
    ['GET', '/drain', 'POST'],
    ['PUT', '/quit', 'POST'],
    ['GET', '/breakers/x', 'POST'],
  ] as const
  for (const [method, path, allow] of cases) {
    const got = await ask(admin, method, path, JSON_TYPE)
    t.same([got.status, got.headers.allow], [405, allow], `${method} ${path}`)
  }
  t.same(source.log, [])
})

t.test('POST drains, quits and forces a breaker; what is no such order is 400, a breaker nobody has 404', async (t) => {
  const { source, admin } = await listening(t)
  t.equal((await ask(admin, 'POST', '/drain', JSON_TYPE)).status, 200)
  t.equal((await ask(admin, 'POST', '/quit', { 'content-type': 'Application/JSON; charset=utf-8' })).status, 200)
  t.same(source.log, ['drain', 'quit'])
  const id = encodeURIComponent('inventory/v1 *')
  for (const force of ['open', 'closed', 'auto'] as const) {
    const got = await ask(admin, 'POST', `/breakers/${id}`, JSON_TYPE, JSON.stringify({ force }))
    t.same([got.status, JSON.parse(got.body).forced, source.its.forced], [200, force, force])
  }
  for (const body of ['', '{', 'null', '[]', '"open"', '{"force":"ajar"}', '{"force":1}']) {
    t.equal((await ask(admin, 'POST', `/breakers/${id}`, JSON_TYPE, body)).status, 400, body)
  }
  t.equal((await ask(admin, 'POST', '/breakers/unknown', JSON_TYPE, '{"force":"open"}')).status, 404)
  t.equal((await ask(admin, 'POST', '/breakers/%zz', JSON_TYPE, '{"force":"open"}')).status, 404)
})

t.test('Changes are protected', async (t) => {
  const { source, admin } = await listening(t)
  const cases: [Record<string, string>, number][] = [
    [{}, 415],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 415],
    [{ ...JSON_TYPE, host: 'evil.test' }, 403],
    [{ ...JSON_TYPE, host: 'localhost.evil.test:80' }, 403],
    [{ ...JSON_TYPE, origin: 'http://evil.test' }, 403],
    [{ ...JSON_TYPE, origin: 'null' }, 403],
    [{ ...JSON_TYPE, host: '127.0.0.1:9', origin: 'http://127.0.0.1:8' }, 403],
  ]
  for (const [headers, status] of cases) {
    t.equal((await ask(admin, 'POST', '/quit', headers)).status, status, JSON.stringify(headers))
  }
  t.same(source.log, [])
  for (const host of ['localhost', 'localhost:19002', '127.0.0.1', '[::1]:19002', '10.0.0.1:1']) {
    t.equal((await ask(admin, 'POST', '/drain', { ...JSON_TYPE, host, origin: `http://${host}` })).status, 200, host)
  }
})

t.test('A page of another origin can neither read nor hold a stream, under whatever name it reaches us', async (t) => {
  const { admin } = await listening(t)
  const guarded = ['/', '/config', '/state', '/explain?url=/', '/events', '/tap', '/tap?limit=1']
  const open = ['/livez', '/readyz', '/startupz', '/metrics', '/app-health/app/livez']
  const foreign: [Record<string, string>, string][] = [
    [{ host: 'evil.test' }, 'foreign_host'],
    [{ host: 'localhost.evil.test:19002' }, 'foreign_host'],
    [{ host: '127.0.0.1.evil.test' }, 'foreign_host'],
    [{ origin: 'http://evil.test' }, 'foreign_origin'],
    [{ origin: 'null' }, 'foreign_origin'],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'script' }, 'foreign_origin'],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe' }, 'foreign_origin'],
  ]
  for (const [headers, reason] of foreign) {
    for (const path of guarded) {
      for (const method of ['GET', 'HEAD']) {
        const got = await ask(admin, method, path, headers)
        t.equal(got.status, 403, `${method} ${path} ${JSON.stringify(headers)}`)
        if (method === 'GET') t.equal(JSON.parse(got.body).error.reason, reason)
      }
    }
    for (const path of open) t.equal((await ask(admin, 'GET', path, headers)).status, 200, path)
  }
  for (const headers of [
    { host: 'localhost:19002', origin: 'http://localhost:19002', 'sec-fetch-site': 'same-origin' },
    { host: '[::1]:19002', 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' },
    // A link in somebody's wiki leads to the page; the wiki does not see it.
    { host: '127.0.0.1', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' },
  ]) {
    for (const path of ['/', '/state', '/config']) t.equal((await ask(admin, 'GET', path, headers)).status, 200, path)
  }
})

t.test('A large body is not read', async (t) => {
  const { source, admin } = await listening(t)
  const got = await ask(admin, 'POST', '/drain', JSON_TYPE, 'x'.repeat(1_000_000)).catch(() => undefined)
  // Either the answer came, or the connection was closed while we were still sending.
  if (got !== undefined) t.equal(got.status, 413)
  t.same(source.log, [])
  t.equal((await ask(admin, 'GET', '/livez')).status, 200)
})

t.test('Nonsense on the wire costs its connection only', async (t) => {
  const { admin } = await listening(t)
  const port = Number(admin.address.slice(admin.address.lastIndexOf(':') + 1))
  for (const bytes of ['\0\0\0\0\r\n\r\n', 'GET\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`]) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      socket.resume()
    })
  }
  t.equal((await ask(admin, 'GET', '/livez')).status, 200)
})

t.test('A place that cannot be listened at is said in a sentence', async (t) => {
  const { source, admin } = await listening(t)
  const port = Number(admin.address.slice(admin.address.lastIndexOf(':') + 1))
  await t.rejects(startAdmin({ host: '127.0.0.1', port }, source, new FakeClock()), {
    message: `admin listener: cannot listen on 127.0.0.1:${port}: the port is taken`,
  })
  await t.rejects(startAdmin({ host: '192.0.2.1', port: 0 }, source, new FakeClock()), {
    message: /this machine does not have that address/,
  })
})

t.test('close ends what is open', async (t) => {
  const admin = await startAdmin(LOOPBACK, new FakeSource(), new FakeClock())
  const port = Number(admin.address.slice(admin.address.lastIndexOf(':') + 1))
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
  await admin.close()
  await closed
  t.pass('closed')
})

t.test("GET /app-health/CONTAINER/KIND is the application's own probe", async (t) => {
  const source = new FakeSource()
  const admin = await startAdmin(LOOPBACK, source, new FakeClock())
  t.teardown(() => admin.close())
  t.match(await ask(admin, 'GET', '/app-health/app/livez'), { status: 200, body: 'status 200\n' })
  source.up = false
  t.match(await ask(admin, 'GET', '/app-health/app/livez'), { status: 503, body: 'status 500\n' })
  t.match(await ask(admin, 'GET', '/app-health/app/readyz'), { status: 404 })
})
