import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { collect, type DiagReader } from '../../../src/kubernetes/diag/collect.ts'
import { redacted } from '../../../src/kubernetes/diag/redact.ts'
import { tar } from '../../../src/kubernetes/diag/tar.ts'
import { pod } from '../../support/pods.ts'

const OPTIONS = { namespace: 'shop', pod: '', systemNamespace: 'mesh', admin: 19_002, most: 5, tail: 10 }

t.test('redacted() takes out what must not leave the cluster, and keeps the rest', async (t) => {
  const input = {
    metadata: {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"env":"hunter2"}', kept: 'x' },
      managedFields: [1],
    },
    spec: {
      containers: [
        {
          args: ['--port=80', '--db-password=hunter2', '--token hunter2'],
          env: [
            { name: 'PASSWORD', value: 'hunter2' },
            { name: 'ANYTHING', value: 'hunter2' },
            {
              name: 'APP_PROBES',
              value: '{"app/livez":{"http":{"port":1,"headers":[["authorization","hunter2"]]}}}',
            },
            { name: 'APP_PORTS', value: '[1]' },
            { name: 'REF', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          ],
          livenessProbe: { httpGet: { httpHeaders: [{ name: 'authorization', value: 'hunter2' }] } },
        },
      ],
    },
  }
  const out = JSON.stringify([redacted(input), redacted({ kind: 'Secret', data: { password: 'hunter2' } })])
  t.notMatch(out, 'hunter2')
  for (const kept of [
    '"kept":"x"',
    '--port=80',
    '"APP_PORTS","value":"[1]"',
    '"secretKeyRef":{"name":"s","key":"k"}',
    '"password":"(removed)"',
  ])
    t.match(out, kept)
})

t.test('redacted() takes a secret out of every line of a text, and leaves what only speaks of one', async (t) => {
  const lines = [
    'started with --password=hunter2',
    'then --token hunter2',
    '{"msg":"asked","headers":{"authorization":"Bearer hunter2"}}',
    'GET http://me:hunter2@db.shop.svc:5432/x',
    'Authorization: Basic hunter2hunter2',
    'api-key: hunter2',
    'secret "orders-tls" not found in token review of pod orders-1',
  ]
  const out = (redacted(lines.join('\n')) as string).split('\n')
  t.notMatch(out.join('\n'), 'hunter2')
  t.equal(out.length, lines.length)
  t.match(out[3], /^GET http:\/\/me:\(removed\)@db\.shop\.svc:5432\/x$/)
  t.equal(out[6], lines[6])
})

t.test('redacted() takes out a secret that is an argument of its own, or a field', async (t) => {
  const input = {
    args: ['--token', 'hunter2', '--port', '80'],
    headers: { Authorization: 'hunter2', 'x-api-key': 'hunter2', accept: 'text/html' },
    volumes: [{ secret: { secretName: 'orders-tls' } }],
  }
  t.same(redacted(input), {
    args: ['--token', '(removed)', '--port', '80'],
    headers: { Authorization: '(removed)', 'x-api-key': '(removed)', accept: 'text/html' },
    volumes: [{ secret: { secretName: 'orders-tls' } }],
  })
})

t.test(
  'redacted() knows secrets by each way to write their names: api_key, clientSecret, AWS_SECRET_ACCESS_KEY',
  async (t) => {
    const fields = ['api_key', 'x_api_key', 'accessToken', 'clientSecret', 'shop.test/password', 'shop.test/dbPassword']
    const input = {
      args: [
        'AWS_SECRET_ACCESS_KEY=hunter2 exec app',
        '--api_key=hunter2',
        '--secret_key',
        'hunter2',
        '--api_key hunter2',
      ],
      fields: Object.fromEntries(fields.map((name) => [name, 'hunter2'])),
      texts: ['api_key: hunter2', 'export SECRET_KEY=hunter2', 'GET /?a=b&api_key=hunter2', '{"privateKey":"hunter2"}'],
      url: 'postgres://me:hun@hunter2@db:5432/shop',
      pem: '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----',
      kept: { secretName: 'orders-tls', tokenFile: '/token', monkey: 'x', keys: 'y', url: 'http://db:5432/a@b' },
    }
    const out = redacted(input) as typeof input
    t.notMatch(JSON.stringify(out), 'hunter2')
    t.same(out.kept, input.kept)
    t.equal(out.url, 'postgres://me:(removed)@db:5432/shop')
  },
)

t.test("collect() takes secrets out of a sidecar's configuration, too", async (t) => {
  const meshed = pod({ initContainers: [{ name: 'outrigger-proxy' }] }, { name: 'orders-1' })
  const reader: DiagReader = {
    get: async <T>(path: string) => (path.endsWith('/pods') ? { items: [meshed] } : { items: [] }) as T,
    text: async (path) =>
      path.endsWith('/config') ? '{"headers":{"authorization":"hunter2"},"kept":1}' : 'not JSON\n',
  }
  const entries = new Map((await collect(reader, OPTIONS)).map(({ name, text }) => [name, text]))
  t.same(JSON.parse(entries.get('pods/orders-1/config.json') ?? ''), {
    headers: { authorization: '(removed)' },
    kept: 1,
  })
  t.equal(entries.get('pods/orders-1/state.json'), 'not JSON\n')
})

t.test('collect() asks for everything, and says of what is missing why', async (t) => {
  const meshed = pod(
    {
      containers: [{ name: 'app', env: [{ name: 'A', value: 'hunter2' }] }],
      initContainers: [{ name: 'outrigger-proxy', ports: [{ name: 'outrigger-admin', containerPort: 20002 }] }],
    },
    { name: 'orders-1' },
  )
  const reader: DiagReader = {
    get: async <T>(path: string) => {
      if (path.includes('events')) throw new Error('forbidden')
      return (
        path.endsWith('/shop/pods')
          ? { items: [meshed, pod()] }
          : path.includes('component')
            ? { items: [{ metadata: { name: 'injector-1' } }] }
            : { path }
      ) as T
    },
    text: async (path) => `${path}\n`,
  }
  const entries = new Map((await collect(reader, OPTIONS)).map(({ name, text }) => [name, text]))
  t.equal(entries.get('events.json.missing'), 'forbidden\n')
  t.equal(entries.get('pods/orders-1/metrics.txt'), '/api/v1/namespaces/shop/pods/orders-1:20002/proxy/metrics\n')
  t.match(entries.get('pods/orders-1/outrigger-proxy.log'), 'container=outrigger-proxy&tailLines=10\n')
  t.match(entries.get('pods/injector-1/injector.previous.log'), 'previous=true')
  t.notMatch(entries.get('pods/orders-1/pod.json'), 'hunter2')
  t.notOk(entries.has('pods/orders/pod.json'), 'it has no sidecar')
  await t.rejects(collect(reader, { ...OPTIONS, pod: 'nobody' }), /there is no pod 'nobody' in namespace shop/)
})

t.test('tar() is read by tar', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'x.tar')
  writeFileSync(
    path,
    tar(
      [
        { name: 'a/b.txt', text: 'hello\n' },
        { name: 'long.txt', text: 'x'.repeat(1024) },
      ],
      1_800_000_000_000,
    ),
  )
  t.equal(execFileSync('tar', ['-xOf', path, 'a/b.txt']).toString(), 'hello\n')
  t.match(execFileSync('tar', ['-tvf', path]).toString(), /1024 2027-01-15/)
})
