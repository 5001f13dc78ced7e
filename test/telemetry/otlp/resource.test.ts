import t from 'tap'
import { resourceAttributes } from '../../../src/telemetry/otlp/resource.ts'
import type { TelemetryOptions } from '../../../src/telemetry/types.ts'
import { Seeded } from '../../support/seeded.ts'

function attributes(environment: Record<string, string>): Readonly<Record<string, string>> {
  const options = { sidecar: { name: 'orders' }, version: '1.2.3', random: new Seeded(7), environment }
  return resourceAttributes(options as unknown as TelemetryOptions)
}

const POD = {
  POD_NAME: 'orders-7d9f-x2x',
  POD_NAMESPACE: 'shop',
  POD_UID: '0b1c3c61-6a4c-4f3f-8d56-0a0f4a4a4a4a',
  NODE_NAME: 'node-3',
  SERVICE_ACCOUNT: 'orders',
}

t.test('resourceAttributes() names the service, its version and this very instance', async (t) => {
  const { 'service.instance.id': id, ...rest } = attributes({})
  t.same(rest, { 'service.name': 'orders', 'service.version': '1.2.3' })
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

t.test('In a pod it says which, from the downward variables', async (t) => {
  t.same(attributes({ ...POD, CONTAINER_NAME: 'outrigger-proxy' }), {
    'service.name': 'orders',
    'service.version': '1.2.3',
    'service.namespace': 'shop',
    'service.instance.id': 'shop.orders-7d9f-x2x.outrigger-proxy',
    'k8s.pod.name': 'orders-7d9f-x2x',
    'k8s.namespace.name': 'shop',
    'k8s.pod.uid': POD.POD_UID,
    'k8s.node.name': 'node-3',
    'k8s.container.name': 'outrigger-proxy',
    'k8s.service_account.name': 'orders',
  })
})

t.test('Without a part of its place, or with an empty one, the instance has an id by chance', async (t) => {
  const { 'service.instance.id': id, ...rest } = attributes({ ...POD, NODE_NAME: '' })
  t.match(id, /^[0-9a-f-]{36}$/)
  t.notOk('k8s.node.name' in rest)
  t.notOk('k8s.container.name' in rest)
})

t.test('Outside of a pod the same names may mean anything', async (t) => {
  const { 'service.instance.id': _, ...rest } = attributes({ NODE_NAME: 'agent-1', CONTAINER_NAME: 'x', POD_NAME: '' })
  t.same(rest, { 'service.name': 'orders', 'service.version': '1.2.3' })
})
