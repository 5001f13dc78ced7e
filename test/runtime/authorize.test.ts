/** Who may call what, through a whole sidecar: 127.0.0.1 is nobody, 127.0.0.2 is a gateway that is believed, 127.0.0.3 the frontend. */
import http from 'node:http'
import t, { type Test } from 'tap'
import { ask, field, get, metric } from '../support/ask.ts'
import { session, unary } from '../support/grpc-call.ts'
import { HI, policy, scene } from '../support/scene.ts'

const TRUST = `trust:
  peers: [127.0.0.2/32]
  sourceHeader: x-who
  sources: {frontend: {cidr: [127.0.0.3/32]}, batch: {cidr: []}}`

const ALLOW = `authorize:
  allow:
  - {source: [frontend], methods: [GET], paths: ["/v1/**"]}
  - {source: [batch], paths: ["/shop.Orders/*"]}
  - {paths: [/healthz]}`

function inbound(t: Test, yaml = policy(ALLOW, '{direction: inbound}')) {
  return scene(t, HI, { inbound: true, sidecar: TRUST, yaml })
}

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
}

function from(localAddress: string, port: number, path: string, fields: Record<string, string> = {}): Promise<Answer> {
  const headers = { host: 'origin', ...fields }
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, localAddress, path, agent: false, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
    request.on('error', reject)
  })
}

t.test('A source is known by its address, and may what the list says', async (t) => {
  const { port, origin, proxy } = await inbound(t)
  t.equal((await from('127.0.0.3', port, '/v1/orders')).status, 200)
  t.equal((await from('127.0.0.3', port, '/v2/orders')).status, 403)
  t.equal((await from('127.0.0.1', port, '/healthz')).status, 200)
  const unknown = await from('127.0.0.1', port, '/v1/orders')
  t.equal(unknown.status, 401)
  t.match(unknown.headers, {
    'www-authenticate': 'outrigger-source',
    'x-outrigger-reason': 'unauthorized',
    'proxy-status': /error=http_request_denied; details="unauthorized"/,
  })
  t.equal(origin.requests.length, 2)
  const decided = (decision: string) =>
    metric(proxy, 'outrigger_policy_decisions_total', 'policy="authorize"', `decision="${decision}"`)
  t.equal(await decided('denied'), 1)
  t.equal(await decided('unauthorized'), 1)
})

t.test('The source header is believed from a trusted peer, and from nobody else', async (t) => {
  const { port, origin } = await inbound(t)
  t.equal((await from('127.0.0.2', port, '/v1/orders', { 'x-who': 'frontend' })).status, 200)
  t.equal((await from('127.0.0.2', port, '/v1/orders', { 'x-who': 'batch' })).status, 403)
  t.equal((await from('127.0.0.2', port, '/v1/orders', { 'x-who': 'invented' })).status, 401)
  t.equal((await from('127.0.0.1', port, '/v1/orders', { 'x-who': 'frontend' })).status, 401, 'spoofed')
  t.equal((await from('127.0.0.3', port, '/v1/orders', { 'x-who': 'batch' })).status, 200, 'its address counts')
  t.equal(origin.requests.length, 2)
})

t.test('gRPC methods are paths; refusals are statuses 7 and 16; HTTP/2 clients are no one else', async (t) => {
  const { port } = await inbound(t)
  const client = session(t, port)
  const unknown = await unary(client, '/shop.Orders/Get')
  t.equal(unknown.status, '16')
  t.match(unknown.head, { 'x-outrigger-reason': 'unauthorized' })
  t.equal((await unary(client, '/shop.Stock/Get')).status, '7')
  const stream = client.request({ ':path': '/v1/orders', ':authority': 'origin' })
  const head = await new Promise((resolve) => stream.on('response', resolve))
  t.match(head, { ':status': 401 })
})

t.test('A path that can be read in two ways is refused with 400 on such a route', async (t) => {
  const { port, origin } = await inbound(t)
  for (const path of ['/v1/../v1/x', '/v1/%2e%2e/v1/x', '/v1//x', '/v1/a%2fb', '/v1/a%5cb', '/v1/a;b']) {
    const got = await ask(port, get(path))
    t.equal(got.status, 400, path)
    t.equal(field(got, 'x-outrigger-reason'), 'protocol_error_downstream')
  }
  t.equal(origin.requests.length, 0)
  t.equal((await ask(port, get('/healthz?a=/../b;c'))).status, 200)
})

t.test('Nor does such a path slip past a route with authorize by another that has none', async (t) => {
  const yaml = policy('authorize: {allow: []}', '{direction: inbound, routes: [{path: "/admin/**"}]}')
  const { port, origin } = await inbound(t, yaml)
  t.equal((await ask(port, get('/admin/x'))).status, 403)
  for (const path of [
    '/admin%2fx',
    '/p/..;/admin/x',
    '/p/..%2fadmin/x',
    '/admin;a/x',
    '/admin/../p',
    '/p/../admin/x',
  ]) {
    t.equal((await ask(port, get(path))).status, 400, path)
  }
  t.equal(origin.requests.length, 0)
  for (const path of ['/p/a;b', '/p/a%2fb', '/p/../q', '//p']) {
    t.equal((await ask(port, get(path))).status, 200, `${path} has no reading that is guarded`)
  }
})

t.test('In shadow mode everybody gets in, and the metric tells who would not', async (t) => {
  const { port, proxy } = await inbound(t, policy(`${ALLOW}\nmode: shadow`, '{direction: inbound}'))
  t.equal((await from('127.0.0.1', port, '/v1/orders')).status, 200)
  t.equal((await from('127.0.0.1', port, '/v1/a;b')).status, 200)
  const shadow = (decision: string) =>
    metric(proxy, 'outrigger_policy_decisions_total', 'mode="shadow"', `decision="${decision}"`)
  t.equal(await shadow('unauthorized'), 1)
  t.equal(await shadow('ambiguous_path'), 1)
})
