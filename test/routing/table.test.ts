import t from 'tap'
import type { PlacedBlock } from '../../src/routing/lost-fields.ts'
import { type Resolution, resolve } from '../../src/routing/resolve.ts'
import { rulesFor } from '../../src/routing/rule.ts'
import { compare, comparePaths } from '../../src/routing/specificity.ts'
import type { StatedPolicy } from '../../src/routing/stated.ts'
import { RouteTable } from '../../src/routing/table.ts'
import { findTies } from '../../src/routing/ties.ts'
import { allRequests, block, policy, randomPolicies, type Request, route } from './models.ts'
import { Seeded } from '../support/seeded.ts'

const NAMES = ['timeout', 'retry', 'breaker']
const TO = { direction: 'outbound', service: 's', workload: 'w', port: undefined } as const

function tableOf(policies: readonly StatedPolicy<PlacedBlock>[]) {
  return new RouteTable(rulesFor(policies, TO), (resolution) => resolution)
}

/** Which policy each block comes from. */
function sources(resolution: Resolution<PlacedBlock>): Record<string, string> {
  return Object.fromEntries([...resolution.blocks].map(([name, { rule }]) => [name, rule.policy.name]))
}

t.test('find() gives each block from the most specific policy that states it', (t) => {
  const table = tableOf([
    policy('all', ['timeout', 'retry', 'breaker']),
    policy('stock', ['timeout', 'breaker'], { service: 's' }),
    policy('reads', ['timeout'], { service: 's', routes: ['/v1/** GET,HEAD'] }),
    policy('gold', ['retry'], { routes: ['x-tenant=gold'] }),
    policy('elsewhere', ['timeout'], { service: 'other' }),
    policy('others', ['timeout'], { service: 's', workload: ['v'] }),
  ])
  t.strictSame(sources(table.find('GET', '/v1/a', [], '')), { timeout: 'reads', breaker: 'stock', retry: 'all' })
  t.strictSame(sources(table.find('POST', '/v1/a', ['X-Tenant', 'gold'], '')), {
    timeout: 'stock',
    breaker: 'stock',
    retry: 'gold',
  })
  t.equal(table.find('GET', '/v1/a', [], '').template, '/v1/**')
  t.equal(table.find('POST', '/v1/a', [], '').template, '*')
  t.end()
})

t.test('find() knows gRPC calls by path, method and content type, and names them by their method', (t) => {
  const table = tableOf([
    policy('any', ['timeout'], { routes: ['/shop.Stock/**'] }),
    policy('service', ['timeout'], { routes: ['grpc:shop.Stock/*'] }),
    policy('reserve', ['timeout'], { routes: ['grpc:shop.Stock/Reserve'] }),
  ])
  const grpc = ['content-type', 'application/grpc']
  for (const [method, path, headers, template] of [
    ['POST', '/shop.Stock/Reserve', grpc, 'shop.Stock/Reserve'],
    ['POST', '/shop.Stock/Reserve', ['Content-Type', 'application/grpc+json; x'], 'shop.Stock/Reserve'],
    ['POST', '/shop.Stock/Release', grpc, 'shop.Stock/*'],
    ['POST', '/shop.Stock/Reserve/more', grpc, '/shop.Stock/**'],
    ['GET', '/shop.Stock/Reserve', grpc, '/shop.Stock/**'],
    ['POST', '/shop.Stock/Reserve', [], '/shop.Stock/**'],
    ['POST', '/shop.Stock/Reserve', ['content-type', 'application/grpc-web'], '/shop.Stock/**'],
    ['POST', '/shop.Stocks/Reserve', grpc, '*'],
  ] as const) {
    t.equal(table.find(method, path, headers, '').template, template, `${method} ${path} ${headers}`)
  }
  t.end()
})

t.test('find() takes a disabled statement for the one that holds', (t) => {
  const table = tableOf([
    policy('all', ['retry']),
    policy('off', [block('retry', {}, 'disabled')], { routes: ['/pay/**'] }),
  ])
  t.equal(table.find('GET', '/pay/1', [], '').blocks.get('retry')?.stated.mode, 'disabled')
  t.equal(table.find('GET', '/', [], '').blocks.get('retry')?.stated.mode, 'enforce')
  t.end()
})

t.test('find() names the route by the most specific path, whatever its policy states', (t) => {
  const table = tableOf([
    policy('a', ['timeout'], { service: 's', routes: ['/orders/**'] }),
    policy('b', ['retry'], { routes: ['/orders/{orderNo}'] }),
    policy('c', ['breaker'], { service: 's' }),
  ])
  const found = table.find('GET', '/orders/A1', [], '')
  t.equal(found.template, '/orders/{orderNo}')
  t.strictSame([...found.blocks.get('breaker')!.pattern!.parameters('/orders/A1')], [['orderNo', 'A1']])
  t.equal(found.blocks.get('timeout')?.pattern?.source, '/orders/**')
  t.equal(table.find('OPTIONS', '*', [], '').template, '*')
  t.end()
})

t.test('find() takes stream from the most specific entry that says it', (t) => {
  const said = policy('a', ['timeout'], { routes: ['/a/**'] })
  const table = tableOf([
    { ...said, routes: [{ ...route('/a/**'), stream: true }] },
    { ...said, name: 'b', blocks: [], routes: [{ ...route('/a/b'), stream: false }] },
    policy('c', ['retry'], { routes: ['/a/b/c'] }),
  ])
  t.equal(table.find('GET', '/a/b', [], '').stream, false)
  t.equal(table.find('GET', '/a/b/c', [], '').stream, true)
  t.equal(table.find('GET', '/', [], '').stream, undefined)
  t.end()
})

t.test('find() asks headers for one field with the value', (t) => {
  const table = tableOf([policy('gold', ['retry'], { routes: ['x-tenant=gold'] })])
  const gold = (headers: string[]) => table.find('GET', '/', headers, '').blocks.has('retry')
  t.ok(gold(['a', 'b', 'X-Tenant', 'gold']))
  t.notOk(gold(['x-tenant', 'Gold']))
  t.notOk(gold(['gold', 'x-tenant']))
  t.notOk(gold(['x-tenant', 'gold', 'X-TENANT', 'silver']), 'two fields are a list')
  t.notOk(gold([]))
  t.end()
})

t.test(
  'find() asks for the host as for the hosts of a Service: without case, and for every port where none is said',
  (t) => {
    const table = tableOf([
      policy('a', ['retry'], { routes: ['host=Shop.test'] }),
      policy('b', ['timeout'], { routes: ['host=shop.test:81'] }),
      policy('c', ['breaker'], { routes: ['host=shop.test:80 x=1'] }),
    ])
    const held = (host: string) => Object.keys(sources(table.find('GET', '/', ['x', '1'], host))).join(' ')
    t.equal(held('shop.test'), 'breaker retry')
    t.equal(held('SHOP.TEST.'), 'breaker retry')
    t.equal(held('shop.test:80'), 'breaker retry')
    t.equal(held('shop.test:81'), 'retry timeout')
    t.equal(held('Shop.test:82'), 'retry')
    for (const host of ['', 'shop', 'a.shop.test', 'shop.test:x', 'shop.test.b']) t.equal(held(host), '', host)
    t.notOk(table.find('GET', '/', ['host', 'shop.test'], '').blocks.has('retry'), 'it is no field')
    t.end()
  },
)

t.test('find() compiles each route once', (t) => {
  let compiled = 0
  const policies = [
    policy('a', ['retry'], { routes: ['/a/**', '/b/**'] }),
    policy('b', ['timeout']),
    policy('c', [], { routes: ['x=1'] }),
  ]
  const table = new RouteTable(rulesFor(policies, TO), () => ({ n: ++compiled }))
  const first = table.find('GET', '/a/1', [], '')
  t.equal(table.find('POST', '/a/2', [], ''), first)
  t.equal(table.find('POST', '/a/2', ['x', '1'], ''), first, 'what changes nothing makes no route of its own')
  t.not(table.find('GET', '/b/1', [], ''), first)
  t.not(table.find('GET', '/c', [], ''), first)
  t.equal(table.size, 3)
  t.equal(compiled, 3)
  t.end()
})

t.test('find() agrees with the rules read one by one, on random policies', (t) => {
  const random = new Seeded(9)
  const requests = allRequests()
  let routes = 0
  for (let n = 0; n < 300; n++) {
    const policies = randomPolicies(random, random.between(1, 8))
    // Ties are refused at load; without them one answer is right.
    if (findTies(policies).length > 0) continue
    const table = tableOf(policies)
    for (let i = 0; i < 300; i++) {
      const request = random.pick(requests)
      const found = table.find(request.method, request.path, request.headers, '')
      const [is, shall] = [sources(found), naive(policies, request)]
      for (const name of NAMES) if (is[name] !== shall[name]) t.fail(`${name} from ${is[name]}, not ${shall[name]}`)
      if (found.template !== naiveTemplate(policies, request)) t.fail(`${found.template} for ${request.path}`)
    }
    routes += table.size
  }
  t.ok(routes > 100)
  t.end()
})

function met(policies: readonly StatedPolicy<PlacedBlock>[], { method, path, headers }: Request) {
  return rulesFor(policies, TO).filter(({ test }) => test?.matches(method, path, headers, '') ?? true)
}

function naive(policies: readonly StatedPolicy<PlacedBlock>[], request: Request): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of NAMES) {
    const stating = met(policies, request).filter((rule) => rule.states(name) !== undefined)
    const best = stating.find((rule) => stating.every((other) => compare(rule, other) <= 0))
    if (best !== undefined) found[name] = best.policy.name
  }
  return found
}

function naiveTemplate(policies: readonly StatedPolicy<PlacedBlock>[], request: Request): string {
  const patterns = met(policies, request).flatMap(({ test }) => (test?.pattern === undefined ? [] : [test.pattern]))
  const best = patterns.filter((pattern) => patterns.every((other) => comparePaths(pattern, other) <= 0))
  const templates = best.map(({ source }) => source)
  return templates.length === 0 ? '*' : (resolve(met(policies, request)).template as string)
}

t.test('find() stays bounded when clients choose among 2²⁰ sets of headers', (t) => {
  const names = Array.from({ length: 20 }, (_, i) => `h${i}`)
  const policies = names.map((name) => policy(name, [], { routes: [`${name}=1`] }))
  const table = tableOf([policy('all', ['retry']), ...policies])
  const random = new Seeded(10)
  const start = performance.now()
  for (let n = 0; n < 20_000; n++) {
    const headers = names.filter(() => random.chance(0.5)).flatMap((name) => [name, '1'])
    if (sources(table.find('GET', '/', headers, '')).retry !== 'all') t.fail('lost its policy')
  }
  t.equal(table.size, 1)
  t.ok(performance.now() - start < 20_000)
  t.end()
})
