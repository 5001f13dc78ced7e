/** The command and the admin listener are asked the same, in many ways, and must say the same. */
import t from 'tap'
import { explain } from '../../cmd/commands/explain.ts'
import { called } from '../support/called.ts'
import { admin } from '../support/ask.ts'
import { startProxy } from '../support/proxy.ts'
import { Seeded } from '../support/seeded.ts'

const YAML = `kind: Sidecar
name: orders
accessLog: {format: none}
inbound:
- {listen: 127.0.0.1:0, app: 127.0.0.1:8080}
- {listen: 127.0.0.1:0, app: 127.0.0.1:8081}
---
kind: Service
name: inventory
hosts: [inventory, "*.inv.test"]
endpoints: [127.0.0.1:1, 127.0.0.1:2]
sidecar: true
---
kind: Service
name: payments
dns: {name: localhost, port: 9}
---
kind: Policy
name: everything
match: {direction: outbound, service: "*"}
timeout: {request: 5s, connect: 500ms}
retry: {max: 2}
---
kind: Policy
name: gold
match: {direction: outbound, service: inventory, routes: [{path: "/v1/**", headers: {x-tenant: gold}}, {path: "/v1/{id}", methods: [POST]}]}
hedge: {after: 30ms}
breaker: {scope: service, mode: shadow}
---
kind: Policy
name: calls
match: {direction: outbound, service: inventory, routes: [{grpc: shop.Stock/Reserve}]}
timeout: {perTry: 100ms}
---
kind: Policy
name: app
match: {direction: inbound, port: 8081}
retry: {max: 1}
bulkhead: {maxConcurrent: 3}
`

const FLAGS = ['url', 'service', 'method', 'header', 'inbound', 'port', 'format']
const VALUES: Readonly<Record<string, readonly string[]>> = {
  url: [
    'http://inventory/v1/7',
    'http://inventory/shop.Stock/Reserve',
    'https://a.inv.test/v1/../x?y=1',
    'http://payments:80/',
  ],
  service: ['inventory', 'payments', 'invantory'],
  method: ['GET', 'post', 'DELETE', 'B AD'],
  header: ['x-tenant: gold', 'X-Tenant:gold', 'content-type: application/grpc', 'x-tenant: a=b&c +', 'no colon'],
  inbound: ['true'],
  port: ['8080', '8081', '9', '0', 'http'],
  format: ['json', 'text', 'xml'],
}
const PATHS = ['/v1/7', '/', '/a/../../b', 'nobody', 'http://nobody/', '/v1/%61?q']

/** Each flag once, headers up to three times; mostly sensible. */
function question(random: Seeded): [flag: string, value: string][] {
  const asked: [string, string][] = []
  for (const flag of FLAGS) {
    const times = flag === 'header' ? random.int(4) : Number(random.chance(flag === 'url' ? 0.8 : 0.25))
    for (let n = 0; n < times; n++) {
      const values = flag === 'url' && random.chance(0.4) ? PATHS : (VALUES[flag] as readonly string[])
      // The first two of each mean something.
      asked.push([
        flag,
        random.chance(0.8) ? (values[random.int(Math.min(2, values.length))] as string) : random.pick(values),
      ])
    }
  }
  return asked
}

t.test('/explain says what the command says, whatever is asked', async (t) => {
  const proxy = await startProxy(YAML)
  t.teardown(() => proxy.stop())
  const random = new Seeded(46)
  const seen = { 0: 0, 1: 0, 2: 0, inbound: 0 }
  for (let n = 0; n < 300; n++) {
    const asked = question(random)
    const isText = asked.some(([flag, value]) => flag === 'format' && value === 'text')
    const format = isText || asked.some(([flag]) => flag === 'format') ? [] : ['--format', 'json']
    const flags = asked.flatMap(([flag, value]) => (flag === 'inbound' ? ['--inbound'] : [`--${flag}`, value]))
    const told = await called(explain, ['--config', proxy.folder, ...flags, ...format])
    const code = told.code as 0 | 1 | 2
    const out = told.out + told.err
    const live = await admin(proxy, `/explain?${new URLSearchParams(asked)}`)
    const body = live.body.toString()
    const what = flags.join(' ')
    seen[code]++
    t.equal(live.status, code === 0 ? 200 : code === 1 ? 404 : 400, what)
    if (code === 2) {
      const { reason, message } = JSON.parse(body).error
      t.equal(reason, 'bad_query')
      const sentence = out.split('\n')[0]?.replace('outrigger explain: ', '').replaceAll('--', '')
      t.equal(message.split(': /explain')[0], sentence, what)
    } else {
      t.equal(body, out, what)
      if (body.includes('"direction": "inbound"')) seen.inbound++
    }
  }
  t.ok(Math.min(...Object.values(seen)) > 20, `all kinds were asked: ${JSON.stringify(seen)}`)
})

t.test('/explain refuses a query that means nothing, with a sentence', async (t) => {
  const proxy = await startProxy(YAML)
  t.teardown(() => proxy.stop())
  const wrong = [
    ['', 'name a url or a service'],
    ['url=', 'name a url or a service'],
    ['uri=http://inventory/', "'uri' is none of url, service, method"],
    ['url=/&url=/a', "'url' must stand once"],
    ['url=/&inbound=maybe', "inbound must be true or false, found 'maybe'"],
    ['url=http://inventory/&service=inventory', 'not both, unless the URL is a path alone'],
    ['service=inventory&header=x', "header must be NAME: VALUE, found 'x'"],
  ] as const
  for (const [query, says] of wrong) {
    const { status, body } = await admin(proxy, `/explain?${query}`)
    t.equal(status, 400, query)
    t.match(JSON.parse(body.toString()).error, { reason: 'bad_query', message: says })
  }
})
