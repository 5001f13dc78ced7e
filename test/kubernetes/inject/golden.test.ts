/** Whole pods, to be read: what comes out for each way of injection. `OUTRIGGER_WRITE_GOLDEN=1` writes them anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { mutate } from '../../../src/kubernetes/inject/mutate.ts'
import { applyPatch } from '../../support/fake-api.ts'
import { NAMESPACE, pod, settings } from '../../support/pods.ts'

const APP = {
  terminationGracePeriodSeconds: 45,
  initContainers: [{ name: 'migrate', image: 'migrate:1' }],
  containers: [
    {
      name: 'app',
      image: 'app:1',
      ports: [
        { name: 'http', containerPort: 8080 },
        { name: 'grpc', containerPort: 9090 },
      ],
      startupProbe: { tcpSocket: { port: 'http' }, failureThreshold: 30 },
      readinessProbe: {
        httpGet: { path: '/ready', port: 'http', httpHeaders: [{ name: 'x-probe', value: '1' }] },
        timeoutSeconds: 2,
      },
      livenessProbe: { grpc: { port: 9090, service: 'live' } },
    },
    {
      name: 'worker',
      image: 'worker:1',
      livenessProbe: { exec: { command: ['true'] } },
      lifecycle: { preStop: { exec: { command: ['stop'] } } },
    },
  ],
}
const OWNED = {
  generateName: 'orders-5d4f9-',
  labels: { app: 'orders', 'pod-template-hash': '5d4f9' },
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'orders-5d4f9', uid: 'u', controller: true }],
}
const NEW = { minor: 36, oldestKubelet: 35 }
const CASES = {
  native: { settings: settings(), server: NEW },
  'legacy-on-1.28': { settings: settings(), server: { minor: 28, oldestKubelet: 28 } },
  'named-port': { settings: settings('interception: named-port\n'), server: NEW },
  none: { settings: settings('interception: none\n'), server: NEW },
}

for (const [name, { settings: its, server }] of Object.entries(CASES)) {
  t.test(`the pod of ${name}`, async (t) => {
    const input = pod(APP, { ...OWNED, name: undefined })
    const { patch, warnings } = mutate(input, NAMESPACE, its, server, { version: '0.0.0' })
    const result = { pod: applyPatch(input, patch), warnings }
    const path = join(import.meta.dirname, 'golden', `${name}.yaml`)
    if (process.env.OUTRIGGER_WRITE_GOLDEN === '1' || !existsSync(path))
      writeFileSync(path, stringify(result, { lineWidth: 0 }))
    t.same(JSON.parse(JSON.stringify(result)), parse(readFileSync(path, 'utf8')))
  })
}
