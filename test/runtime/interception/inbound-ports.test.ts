import t from 'tap'
import { parseAppPorts } from '../../../src/config/values/app-ports.ts'
import { InboundPorts, type PortPolicy } from '../../../src/runtime/interception/inbound-ports.ts'

const OPAQUE = [{ from: 3306, to: 3306 }]

function policy(change: Partial<PortPolicy> = {}, mode: 'enforce' | 'shadow' | 'disabled' = 'enforce'): PortPolicy {
  return { direction: 'inbound', workload: [], port: undefined, blocks: [{ mode }], ...change }
}

function declared(text: string) {
  const result = parseAppPorts(text)
  if (!result.ok) throw new Error(result.must)
  return result.value
}

const CASES: readonly (readonly [string, readonly PortPolicy[], string, number, string])[] = [
  ['nobody says anything', [], '', 8080, 'detect'],
  ['the port is listed', [], '', 3306, 'listed'],
  ['the port is listed and declared HTTP', [], '3306=http', 3306, 'http'],
  ['the port is declared HTTP', [], '8080=grpc-web', 8080, 'http'],
  ['the port is declared not to be HTTP', [], '8080=mysql', 8080, 'declared'],
  ['a policy holds for every port', [policy()], '', 8080, 'http'],
  ['a policy holds for every port, also a listed one', [policy()], '', 3306, 'http'],
  [
    'a policy holds for every port, and the port is declared not to be HTTP',
    [policy()],
    '3306=mysql',
    3306,
    'declared',
  ],
  ['a policy names the port', [policy({ port: 3306 })], '3306=mysql', 3306, 'http'],
  ['a policy names another port', [policy({ port: 80 })], '', 8080, 'detect'],
  ['a policy is for another sidecar', [policy({ workload: ['other'] })], '', 8080, 'detect'],
  ['a policy is for this sidecar', [policy({ workload: ['other', 'orders'] })], '', 8080, 'http'],
  ['a policy only watches', [policy({}, 'shadow')], '', 8080, 'detect'],
  ['a policy is disabled', [policy({}, 'disabled')], '', 8080, 'detect'],
  ['a policy is outbound', [policy({ direction: 'outbound' })], '', 8080, 'detect'],
]

for (const [name, policies, ports, port, is] of CASES) {
  t.test(`treat(): ${is} where ${name}`, async (t) => {
    const treatment = new InboundPorts(policies, 'orders', declared(ports), OPAQUE).treat(port)
    t.equal(treatment.kind === 'opaque' ? treatment.why : treatment.kind, is)
  })
}

t.test('parseAppPorts() reads both forms; what says most wins, what says nothing is left out', async (t) => {
  t.same(
    [...declared('8080=http, 5432=postgres,9090=web,81')],
    [
      [8080, 'http'],
      [5432, 'tcp'],
    ],
  )
  const json = [
    { port: 1, name: 'http' },
    { port: 2, name: 'http-web', protocol: 'tcp' },
    { port: 3, name: 'tcp-replication' },
    { port: 4, name: 'metrics' },
    { port: 5, protocol: 'kubernetes.io/h2c' },
    { port: 6, name: 'https' },
    { port: 7, name: 'grpc-web', protocol: 'auto' },
  ]
  t.same(
    [...declared(JSON.stringify(json))],
    [
      [1, 'http'],
      [2, 'tcp'],
      [3, 'tcp'],
      [5, 'http'],
      [6, 'tcp'],
      [7, 'http'],
    ],
  )
  t.same([...declared('')], [])
  for (const wrong of ['x=http', '0=http', '70000=http', '[{', '[{"name":"http"}]', '[null]']) {
    t.notOk(parseAppPorts(wrong).ok, wrong)
  }
})
