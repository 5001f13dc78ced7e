import t from 'tap'
import { findConflicts } from '../../src/routing/conflicts.ts'
import { type Rule, rulesFor } from '../../src/routing/rule.ts'
import { compare } from '../../src/routing/specificity.ts'
import { findTies } from '../../src/routing/ties.ts'
import { allRequests, block, policy, randomPolicies } from './models.ts'
import { Seeded } from '../support/seeded.ts'

type Match = NonNullable<Parameters<typeof policy>[2]>

function ties(a: Match, b: Match): boolean {
  return findTies([policy('a', ['retry'], a), policy('b', ['retry'], b)]).length === 1
}

const TIED: readonly (readonly [Match, Match])[] = [
  [{}, {}],
  [{ service: 's' }, { service: 's' }],
  [{ routes: ['/a/{x}'] }, { routes: ['/a/*'] }],
  [{ routes: ['/a/**'] }, { routes: ['/a/**'] }],
  [{ routes: ['/a GET,HEAD'] }, { routes: ['/a HEAD,POST'] }],
  [{ routes: ['/a x=1'] }, { routes: ['/a y=1'] }],
  [{ routes: ['host=a.test'] }, { routes: ['host=A.test'] }],
  [{ routes: ['host=a.test'] }, { routes: ['host=a.test:81'] }],
  [{ routes: ['host=a.test:81'] }, { routes: ['host=a.test'] }],
  [{ routes: ['grpc:a.B/C'] }, { routes: ['grpc:a.B/C'] }],
  [{ routes: ['grpc:a.B/C'] }, { routes: ['/a.B/C POST x=1'] }],
  [{ routes: ['/b', '/a'] }, { routes: ['/c', '/a'] }],
  [{ workload: ['w', 'v'] }, { workload: ['v'] }],
  [
    { direction: 'inbound', port: 80 },
    { direction: 'inbound', port: 80 },
  ],
  [{ routes: ['/**'] }, { routes: [''] }],
]

const FREE: readonly (readonly [Match, Match])[] = [
  [{}, { service: 's' }],
  [{ service: 's' }, { service: 't' }],
  [{ direction: 'inbound' }, { direction: 'outbound' }],
  [{ routes: ['/a/{x}'] }, { routes: ['/{x}/b'] }],
  [{ routes: ['/a/{x}'] }, { routes: ['/b/{x}'] }],
  [{ routes: ['/a'] }, { routes: ['/a/'] }],
  [{ routes: ['/a'] }, { routes: ['/a/**'] }],
  [{ routes: ['/a GET'] }, { routes: ['/a POST'] }],
  [{ routes: ['/a x=1'] }, { routes: ['/a x=2'] }],
  [{ routes: ['host=a.test'] }, { routes: ['host=b.test'] }],
  [{ routes: ['host=a.test'] }, { routes: ['host=a.test.b'] }],
  [{ routes: ['host=a.test:81'] }, { routes: ['host=a.test:8'] }],
  [{ routes: ['grpc:a.B/C'] }, { routes: ['grpc:a.B/D'] }],
  [{ routes: ['grpc:a.B/C'] }, { routes: ['grpc:a.B/*'] }],
  [{ routes: ['grpc:a.B/C'] }, { routes: ['/a.B/C POST'] }],
  [{ routes: ['grpc:a.B/C'] }, { routes: ['/a.B/C PUT x=1'] }],
  [{ routes: ['grpc:a.B/C'] }, { routes: ['/a.B/C POST content-type=text/plain'] }],
  [{ routes: ['/a x=1'] }, { routes: ['/a x=1 y=1'] }],
  [{ workload: ['w'] }, { workload: ['v'] }],
  [{ workload: ['w'] }, {}],
  [
    { direction: 'inbound', port: 80 },
    { direction: 'inbound', port: 81 },
  ],
  // Wherever the entries that rank the same meet, a further entry speaks with more weight.
  [{ routes: ['/a x=1', '/a x=1 z=1'] }, { routes: ['/a z=1'] }],
  [{ routes: ['/a', '/a GET', '/a POST'] }, { routes: ['/a POST x=1', '/a GET x=1'] }],
]

t.test('findTies() finds two equally specific statements that some request could meet both', (t) => {
  for (const [a, b] of TIED) t.ok(ties(a, b) && ties(b, a), JSON.stringify([a, b]))
  t.end()
})

t.test('findTies() leaves alone what never meets or ranks apart', (t) => {
  for (const [a, b] of FREE) t.notOk(ties(a, b) || ties(b, a), JSON.stringify([a, b]))
  t.end()
})

t.test('findTies() minds the blocks: policies that state different ones never tie', (t) => {
  t.equal(findTies([policy('a', ['retry', 'timeout']), policy('b', ['breaker'])]).length, 0)
  t.equal(findTies([policy('a', ['retry', 'timeout', 'breaker']), policy('b', ['breaker', 'timeout'])]).length, 2)
  t.end()
})

t.test('findTies() takes hedge and retry for one block, where both are at work', (t) => {
  const tied = (a: ReturnType<typeof block> | string, b: ReturnType<typeof block> | string) =>
    findTies([policy('a', [a]), policy('b', [b])]).length
  t.equal(tied('hedge', 'retry'), 1)
  t.equal(tied('retry', 'hedge'), 1)
  t.equal(tied(block('hedge', {}, 'shadow'), 'retry'), 0)
  t.equal(tied('hedge', block('retry', {}, 'disabled')), 0)
  for (const other of ['timeout', 'breaker']) {
    t.equal(tied('hedge', other) + tied(other, 'hedge') + tied('retry', other) + tied(other, 'retry'), 0, other)
  }
  t.equal(findTies([policy('a', ['hedge']), policy('b', ['retry'], { service: 's' })]).length, 0)
  t.end()
})

t.test('findTies() lets a block that only watches stand beside the same one at work, and beside nothing else', (t) => {
  const modes = ['enforce', 'shadow', 'disabled'] as const
  const free = modes.flatMap((a) =>
    modes
      .filter(
        (b) => findTies([policy('a', [block('retry', {}, a)]), policy('b', [block('retry', {}, b)])]).length === 0,
      )
      .map((b) => `${a} ${b}`),
  )
  t.strictSame(free, ['enforce shadow', 'shadow enforce'])
  t.end()
})

t.test('findTies() is exact: it finds a tie where, and only where, a request meets one', (t) => {
  const random = new Seeded(8)
  const requests = allRequests()
  let tied = 0
  for (let n = 0; n < 800; n++) {
    const policies = randomPolicies(random, 2)
    const found = findTies(policies).length > 0
    const expected = ['w', 'v', 'u'].some((workload) =>
      ['s', 'other', 'third'].some((service) => {
        const rules = rulesFor(policies, { direction: 'outbound', service, workload, port: undefined })
        return requests.some((request) => {
          const met = rules.filter(
            ({ test }) => test?.matches(request.method, request.path, request.headers, '') ?? true,
          )
          return ['timeout', 'retry', 'breaker'].some((name) => isTied(met, name))
        })
      }),
    )
    if (found) tied++
    if (found !== expected) t.fail(`expected ${expected}: ${JSON.stringify(policies.map(({ routes }) => routes))}`)
  }
  t.ok(tied > 10, `${tied} ties`)
  t.end()
})

/** Whether the best statements of two policies rank the same, though a third may beat both. */
function isTied(met: readonly Rule[], name: string): boolean {
  const stating = met.filter((rule) => rule.states(name) !== undefined)
  const best = new Map<string, Rule>()
  for (const rule of stating.toSorted(compare)) if (!best.has(rule.policy.name)) best.set(rule.policy.name, rule)
  const [a, b] = best.values()
  return a !== undefined && b !== undefined && compare(a, b) === 0
}

t.test('findConflicts() says who ties, where, and for which request', (t) => {
  const [conflict] = findConflicts([
    policy('reads', ['retry'], { service: 'stock', routes: ['/v1/** GET,HEAD x-tenant=gold'] }),
    policy('gold', ['retry'], { service: 'stock', routes: ['/v1/** GET x-tenant=gold'] }),
  ])
  t.equal(conflict?.code, 'E050')
  t.equal(conflict?.severity, 'error')
  t.match(
    conflict?.message,
    /'gold' here and 'reads' at test\.yaml:\d+ rank the same, and GET \/v1 to stock with x-tenant: gold/,
  )
  t.end()
})

t.test('findConflicts() says of hedge and retry that they exclude each other', (t) => {
  const [conflict] = findConflicts([policy('a', ['retry']), policy('b', ['hedge'])])
  t.equal(conflict?.code, 'E050')
  t.match(conflict?.message, /two policies that state hedge and retry, which exclude each other, for one request/)
  t.match(conflict?.message, /'b' here and 'a' at .*; leave one out, or narrow the match of one/)
  t.end()
})

t.test('findConflicts() warns of fields that a more specific statement leaves out', (t) => {
  const base = policy('base', [block('retry', { max: 1, 'when.0': '5xx', 'budget.percent': 0.1 })])
  const warnings = (specific: ReturnType<typeof block>, from = base) =>
    findConflicts([from, policy('top', [specific], { service: 's', routes: ['/a'] })])
  t.match(warnings(block('retry', { max: 2 })), [
    {
      code: 'W011',
      severity: 'warning',
      message: /^a block is taken whole: retry of 'top' leaves out when and budget\.percent, which 'base'/,
    },
  ])
  t.strictSame(warnings(block('retry', { max: 2, 'when.0': '5xx', 'budget.percent': 0.5 })), [])
  t.strictSame(warnings(block('timeout', {})), [])
  t.strictSame(warnings(block('retry', {}, 'disabled')), [], 'what is taken away loses nothing by accident')
  t.strictSame(warnings(block('retry', {}), policy('off', [block('retry', { max: 1 }, 'disabled')])), [])
  t.end()
})

t.test('findConflicts() names a lost field once, with the most specific policy that states it', (t) => {
  const found = findConflicts([
    policy('all', [block('timeout', { connect: 1, idle: 2 })]),
    policy('service', [block('timeout', { connect: 3, idle: 4 })], { service: 's' }),
    policy('route', [block('timeout', { connect: 5 })], { service: 's', routes: ['/a'] }),
  ])
  t.equal(found.length, 1)
  t.match(found[0]?.message, /timeout of 'route' leaves out idle, which 'service' states/)
  t.end()
})

t.test('findConflicts() takes a thousand policies in a breath', (t) => {
  const policies = Array.from({ length: 1000 }, (_, i) =>
    policy(`p${i}`, ['retry', 'timeout'], { service: `s${i >> 3}`, routes: [`/a${i}/**`, `/b${i}/{x}`] }),
  )
  const before = performance.now()
  t.strictSame(findConflicts([policy('all', ['timeout']), ...policies]), [])
  t.ok(performance.now() - before < 3000)
  t.end()
})

t.test('findTies() names three others for each policy at most, those that stand first', async (t) => {
  const policies = Array.from({ length: 1000 }, (_, i) => policy(`p${i}`, ['retry', 'timeout'], {}))
  const found = findTies(policies)
  t.equal(found.length, 2 * (1 + 2 + 3 * 997))
  const last = found.filter((tie) => tie.policy.name === 'p999' && tie.block.block === 'retry')
  t.same(
    last.map(({ otherPolicy }) => otherPolicy.name),
    ['p0', 'p1', 'p2'],
  )
  t.equal(new Set(found.map((tie) => tie.policy.name)).size, 999, 'all but the first are told')
})
