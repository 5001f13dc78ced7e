import { join } from 'node:path'
import t from 'tap'
import { Authority } from '../../support/certificates.ts'
import { admin } from '../../support/ask.ts'
import { startProxy } from '../../support/proxy.ts'
import { PemFolder } from '../../support/tls.ts'

const SECOND = 1000
/** X.509 times are whole seconds. */
const NOW = Math.floor(Date.now() / SECOND) * SECOND
const HOUR = 3_600_000

const NAME = /^outrigger_certificate_(not_(?:after|before))_timestamp_seconds\{(.*)\} (\d+)$/gm

function told(metrics: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const [, when, labels = '', value] of metrics.matchAll(NAME)) {
    const label = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1]
    const file = label('file')?.split('/').at(-1)
    found[`${label('direction')} ${label('destination')} ${label('part')} ${file} ${when}`] = Number(value) * SECOND
  }
  return found
}

t.test('Certificates in force say when they begin and end, and say so anew once they are renewed', async (t) => {
  const root = new Authority('root')
  const between = new Authority('between', root)
  const first = between.issue({ notBefore: new Date(NOW - HOUR), notAfter: new Date(NOW + HOUR) })
  const pem = new PemFolder(t)
  pem.write('tls.crt', first.cert + between.cert)
  pem.write('tls.key', first.key)
  pem.write('ca.crt', root.cert)
  const at = (name: string) => join(pem.path, name)
  const inbound = `{listen: "127.0.0.1:0", app: "127.0.0.1:9", tls: {cert: ${at('tls.crt')}, key: ${at('tls.key')}}}`
  const yaml =
    `kind: Sidecar\nname: orders\ninbound: [${inbound}, ${inbound}]\noutbound: {listen: "127.0.0.1:0"}\n---\n` +
    `kind: Service\nname: inventory\nendpoints: ["127.0.0.1:9"]\ntls: {ca: ${at('ca.crt')}, serverName: x}\n---\n` +
    'kind: Service\nname: shop\nendpoints: ["127.0.0.1:9"]\ntls: {serverName: x}\n'
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  const read = async () => told((await admin(proxy, '/metrics')).body.toString())
  const before = await read()
  t.equal(before['inbound orders certificate tls.crt not_after'], NOW + HOUR)
  t.equal(before['inbound orders certificate tls.crt not_before'], NOW - HOUR)
  t.ok((before['outbound inventory ca ca.crt not_after'] ?? 0) > NOW)
  t.equal(Object.keys(before).length, 4, 'two listeners with one certificate are one series; the system roots are none')
  const far = new Date(NOW + 100_000 * HOUR)
  const second = between.issue({ notAfter: far })
  pem.write('tls.crt', second.cert + between.cert)
  pem.write('tls.key', second.key)
  proxy.reload()
  const end = (await read())['inbound orders certificate tls.crt not_after'] ?? 0
  t.ok(end > NOW + HOUR, 'renewed')
  t.ok(end < far.getTime(), 'a chain ends with its intermediate')
})
