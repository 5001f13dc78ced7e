import t from 'tap'
import { rulesOf } from '../../src/routing/rule.ts'
import { advantage, compare } from '../../src/routing/specificity.ts'
import { policy, randomPolicies } from './models.ts'
import { Seeded } from '../support/seeded.ts'

type Match = NonNullable<Parameters<typeof policy>[2]>

function rule(match: Match) {
  return rulesOf(policy('p', ['retry'], match))[0]!
}

/** Each is more specific than the next, and says why. */
const LADDER: readonly (readonly [match: Match, because: string])[] = [
  [{ service: 's', routes: ['/a/b GET x=1'], workload: ['w'] }, 'names this sidecar'],
  [{ service: 's', routes: ['/a/b GET x=1'] }, 'names more headers'],
  [{ service: 's', routes: ['/a/b POST'] }, 'names methods'],
  [{ service: 's', routes: ['/a/b x=1 y=1'] }, 'names more headers'],
  [{ service: 's', routes: ['/a/b x=1'] }, 'names more headers'],
  [{ service: 's', routes: ['/a/b'], workload: ['w'] }, 'names this sidecar'],
  [{ service: 's', routes: ['/a/b'] }, 'names the path more closely'],
  [{ service: 's', routes: ['/a/{x}'] }, 'names the path more closely'],
  [{ service: 's', routes: ['/a/**'] }, 'names the path more closely'],
  [{ service: 's', routes: ['/{x}/b'] }, 'names the path more closely'],
  [{ service: 's', routes: ['/*/**'] }, 'names the path more closely'],
  [{ service: 's', routes: ['/** GET'] }, 'names methods'],
  [{ service: 's', routes: ['x=1'] }, 'names more headers'],
  [{ service: 's', routes: ['/**'] }, 'names routes'],
  [{ service: 's', workload: ['w'] }, 'names this sidecar'],
  [{ service: 's' }, 'names the service'],
  [{ routes: ['/a/b GET x=1'], workload: ['w'] }, 'names routes'],
  [{}, 'stands first'],
]

t.test('compare() ranks as the format says, every one over all that follow', (t) => {
  for (const [i, [match]] of LADDER.entries()) {
    for (const [j, [other]] of LADDER.entries()) {
      t.equal(
        Math.sign(compare(rule(match), rule(other))),
        Math.sign(i - j),
        `${JSON.stringify(match)} ${JSON.stringify(other)}`,
      )
    }
  }
  t.end()
})

t.test('A gRPC method ranks as its path with POST and one field more', (t) => {
  const call = rule({ routes: ['grpc:pkg.S/M'] })
  t.equal(compare(call, rule({ routes: ['/pkg.S/M POST x=1'] })), 0)
  t.ok(compare(call, rule({ routes: ['/pkg.S/M POST'] })) < 0)
  t.ok(compare(call, rule({ routes: ['/pkg.S/M x=1 y=1'] })) < 0)
  t.ok(compare(call, rule({ routes: ['grpc:pkg.S/M x=1'] })) > 0)
  t.ok(compare(call, rule({ routes: ['grpc:pkg.S/*'] })) < 0)
  t.ok(compare(rule({ routes: ['grpc:pkg.S/*'] }), rule({ routes: ['/pkg.S/**'] })) < 0)
  t.end()
})

t.test('advantage() names what decided', (t) => {
  for (const [i, [match, because]] of LADDER.slice(0, -1).entries()) {
    t.equal(advantage(rule(match), rule(LADDER[i + 1]![0])), because)
  }
  t.equal(advantage(rule({ port: 1 }), rule({})), 'names the port')
  t.end()
})

t.test('compare() ties what ranks the same', (t) => {
  const same: readonly (readonly [string, string])[] = [
    ['/a/{x}', '/a/*'],
    ['/a/{x}', '/a/{y}'],
    ['/a/b', '/c/d'],
    ['/**', ''],
    ['GET', 'POST'],
    ['GET', 'GET,POST'],
    ['x=1', 'y=2'],
  ]
  for (const [a, b] of same) t.equal(compare(rule({ routes: [a] }), rule({ routes: [b] })), 0, `${a} ${b}`)
  t.ok(compare(rule({ routes: ['/v1'] }), rule({ routes: ['/v1/**'] })) < 0, '/v1 says more than /v1/**')
  t.ok(compare(rule({ port: 80 }), rule({ routes: ['/a'] })) < 0, 'a port ranks with the service')
  t.end()
})

t.test('compare() is an order: antisymmetric, transitive, and so are its ties', (t) => {
  const random = new Seeded(7)
  const rules = randomPolicies(random, 60).flatMap((policy) => rulesOf(policy))
  for (const a of rules) {
    for (const b of rules) {
      if (Math.sign(compare(a, b)) !== -Math.sign(compare(b, a)) + 0) t.fail('not antisymmetric')
      for (const c of rules) {
        if (compare(a, b) <= 0 && compare(b, c) <= 0 && compare(a, c) > 0) t.fail('not transitive')
      }
    }
  }
  t.end()
})
