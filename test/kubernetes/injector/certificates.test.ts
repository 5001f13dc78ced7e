import { X509Certificate } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Clock } from '../../../src/core/clock.ts'
import { KubernetesApi } from '../../../src/kubernetes/api/client.ts'
import { openConnection } from '../../../src/kubernetes/api/connection.ts'
import { FileCertificates } from '../../../src/kubernetes/injector/certificates/files.ts'
import { type Issued, isSignedBy } from '../../../src/kubernetes/injector/certificates/issued.ts'
import { SelfCertificates } from '../../../src/kubernetes/injector/certificates/self.ts'
import { Authority } from '../../support/certificates.ts'
import type { FakeApi } from '../../support/fake-api.ts'
import { bundle, cluster, MUTATING, SECRET, silent } from '../../support/injector-scene.ts'

const DAY = 86_400_000
const CA_LIFE = 300 * DAY
const LIFE = 30 * DAY

/** Days pass at a word. */
class Calendar implements Pick<Clock, 'now' | 'wallTime'> {
  at = Date.parse('2026-01-01T00:00:00Z')
  now = (): number => this.at
  wallTime = (): number => this.at
}

interface Replica {
  readonly certificates: SelfCertificates
  serving: Issued | undefined
  readonly patches: string[]
}

function replica(t: Test, api: FakeApi, calendar: Calendar, caLifetime = CA_LIFE, servingLifetime = LIFE): Replica {
  const folder = t.testdir({ token: 'x' })
  const clock = calendar as unknown as Clock
  const client = new KubernetesApi(openConnection({ url: api.url, tokenFile: join(folder, 'token') }, {}, clock))
  t.teardown(() => client.close())
  const patches: string[] = []
  const made: Replica = {
    patches,
    serving: undefined,
    certificates: new SelfCertificates({
      api: client,
      clock,
      log: silent,
      namespace: 'mesh',
      service: 'outrigger-injector',
      secret: 'outrigger-injector-ca',
      configuration: 'outrigger-injector',
      caLifetime,
      servingLifetime,
      onServing: (issued) => (made.serving = issued),
      onPatch: (result) => patches.push(result),
    }),
  }
  return made
}

const look = async (...replicas: Replica[]): Promise<void> => {
  for (const { certificates } of replicas) await certificates.reconcile()
}

/** Whether the API server, which knows the bundle only, would take this certificate now. */
function believed(api: FakeApi, { serving }: Replica, calendar: Calendar): boolean {
  const { validFrom, validTo } = new X509Certificate(serving?.cert ?? '')
  const now = calendar.at
  const cas = bundle(api).match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g) ?? []
  return (
    Date.parse(validFrom) <= now && now < Date.parse(validTo) && cas.some((ca) => isSignedBy(serving?.cert ?? '', ca))
  )
}

t.test('Two replicas share one CA, whoever comes first, and each has a certificate of its own', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const [one, two] = [replica(t, api, calendar), replica(t, api, calendar)]
  t.notOk(one.certificates.ready)
  await Promise.all([look(one), look(two)])
  await look(one, two)
  t.ok(one.certificates.ready && two.certificates.ready)
  t.ok(believed(api, one, calendar) && believed(api, two, calendar))
  t.not(one.serving?.cert, two.serving?.cert)
  t.match(new X509Certificate(one.serving?.cert ?? '').subjectAltName, 'DNS:outrigger-injector.mesh.svc, ')
  t.equal(api.asked.filter((one) => one === 'PUT /api/v1/namespaces/mesh/secrets/outrigger-injector-ca').length, 0)
})

t.test('A serving certificate is renewed at two thirds of its life', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const one = replica(t, api, calendar)
  await look(one)
  const first = one.serving
  calendar.at += 19 * DAY
  await look(one)
  t.equal(one.serving, first)
  calendar.at += 2 * DAY
  await look(one)
  t.not(one.serving, first)
  t.ok(believed(api, one, calendar))
})

t.test('The CA changes without a moment in which what is served is not believed', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const [one, two] = [replica(t, api, calendar), replica(t, api, calendar)]
  await look(one, two)
  const first = bundle(api)
  const bundles = new Set<string>()
  const wrong: number[] = []
  for (let day = 0; day < 280; day += 2) {
    calendar.at += 2 * DAY
    for (const each of [one, two]) {
      await look(each)
      bundles.add(bundle(api))
      if (![one, two].every((replica) => believed(api, replica, calendar))) wrong.push(day)
    }
  }
  t.same(wrong, [])
  const [before, both, after] = [...bundles]
  t.equal(bundles.size, 3, 'the old one, both, the new one')
  t.equal(before, first)
  t.equal(both, (after ?? '') + first)
})

t.test('A serving certificate of the old CA goes on until the new one had time to be noticed', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const one = replica(t, api, calendar)
  calendar.at += 195 * DAY
  await look(one)
  calendar.at += 195 * DAY
  await look(one)
  const [old] = [one.serving]
  calendar.at += 6 * DAY
  await look(one)
  calendar.at += 1000
  await look(one)
  t.equal(one.serving, old, 'the bundle has both for one second')
  calendar.at += 5000
  await look(one)
  t.not(one.serving, old)
  t.ok(believed(api, one, calendar))
})

t.test('A bundle that somebody took out, and a Secret that somebody spoiled, are mended', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const one = replica(t, api, calendar)
  await look(one)
  const good = bundle(api)
  const spoiled = api.objects.get(MUTATING) as unknown as { webhooks: { clientConfig: { caBundle?: string } }[] }
  spoiled.webhooks[0]!.clientConfig.caBundle = 'AAAA'
  await look(one)
  t.equal(bundle(api), good)
  api.put(SECRET, { metadata: { name: 'outrigger-injector-ca' }, data: { 'ca.crt': 'AAAA' } } as never)
  await look(one)
  calendar.at += 6000
  await look(one)
  t.not(bundle(api), good)
  t.ok(believed(api, one, calendar))
})

t.test('A Secret that somebody deleted is made anew, and what is served is believed at the next look', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const [one, two] = [replica(t, api, calendar), replica(t, api, calendar)]
  await look(one, two)
  const before = bundle(api)
  calendar.at += 60_000
  api.remove(SECRET)
  await look(one, two)
  t.not(bundle(api), before)
  t.ok(believed(api, one, calendar))
  t.ok(believed(api, two, calendar))
})

t.test('No webhook configuration, no readiness; a conflict is left to the next look', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const one = replica(t, api, calendar)
  const stored = api.objects.get(MUTATING)
  for (const path of [...api.objects.keys()].filter((path) => path.includes('webhookconfigurations'))) api.remove(path)
  await look(one)
  t.notOk(one.certificates.ready)
  api.put(MUTATING, stored as never)
  await look(one)
  t.ok(one.certificates.ready)
})

t.test('Files are read again when they change, and what cannot be used changes nothing', async (t) => {
  const ca = new Authority('theirs')
  const [first, second] = [ca.issue(), ca.issue()]
  const folder = t.testdir({ 'tls.crt': first.cert, 'tls.key': first.key })
  const served: string[] = []
  const files = new FileCertificates(folder, silent, ({ cert }) => served.push(cert))
  await files.reconcile()
  await files.reconcile()
  writeFileSync(join(folder, 'tls.crt'), second.cert)
  await files.reconcile()
  t.same(served, [first.cert], "the key is not the new certificate's")
  writeFileSync(join(folder, 'tls.key'), second.key)
  await files.reconcile()
  rmSync(join(folder, 'tls.key'))
  await files.reconcile()
  t.same(served, [first.cert, second.cert])
  t.ok(files.ready)
})

t.test('A chain that TLS cannot use is no certificate, though its first part is one', async (t) => {
  const { cert, key } = new Authority('theirs').issue()
  const broken = `${cert}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`
  const folder = t.testdir({ 'tls.crt': broken, 'tls.key': key })
  const served: string[] = []
  const files = new FileCertificates(folder, silent, (issued) => served.push(issued.cert))
  await files.reconcile()
  t.notOk(files.ready)
  writeFileSync(join(folder, 'tls.crt'), cert)
  await files.reconcile()
  t.same(served, [cert])
})

t.test('Lives of seconds are no different: a CA is not past its time when it is made', async (t) => {
  const api = await cluster(t)
  const calendar = new Calendar()
  const one = replica(t, api, calendar, 90_000, 20_000)
  const bundles: string[] = []
  for (let second = 0; second < 200; second++) {
    await look(one)
    if (bundles.at(-1) !== bundle(api)) bundles.push(bundle(api))
    if (!believed(api, one, calendar)) t.fail(`not believed after ${second} s`)
    calendar.at += 1000
  }
  const [first = '', both = '', next = ''] = bundles
  t.equal(both, next + first, 'the new one joins the old one, which then goes')
  t.ok(bundles.length >= 5 && bundles.length <= 8, `${bundles.length} bundles in 200 s`)
})
