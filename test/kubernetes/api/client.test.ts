import { rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { KubernetesApi } from '../../../src/kubernetes/api/client.ts'
import { openConnection } from '../../../src/kubernetes/api/connection.ts'
import { Authority } from '../../support/certificates.ts'
import { FakeApi } from '../../support/fake-api.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { listening, PemFolder } from '../../support/tls.ts'

/** Of a refused promise. */
const failed = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error) => error,
  )

const MAPS = '/api/v1/namespaces/shop/configmaps'

async function scene(t: Test) {
  const folder = t.testdir({ token: 'first\n' })
  const server = new FakeApi()
  const url = await server.listen()
  const clock = new FakeClock()
  const tokenFile = join(folder, 'token')
  const api = new KubernetesApi(openConnection({ url, tokenFile }, {}, clock))
  t.teardown(async () => {
    await api.close()
    await server.close()
  })
  return { server, api, clock, tokenFile }
}

t.test('KubernetesApi gets, creates, replaces what it read only, and patches', async (t) => {
  const { server, api } = await scene(t)
  await t.rejects(api.get(`${MAPS}/a`), {
    status: 404,
    reason: 'NotFound',
    message: `GET ${MAPS}/a: 404 NotFound it is`,
  })
  const created = await api.create(MAPS, { metadata: { name: 'a' }, data: { x: '1' } } as never)
  t.match(await failed(api.create(MAPS, { metadata: { name: 'a' } })), { status: 409 })
  await api.update(`${MAPS}/a`, created)
  t.match(await failed(api.update(`${MAPS}/a`, created)), { status: 409, reason: 'Conflict' }, 'it has changed since')
  await api.patch(`${MAPS}/a`, [{ op: 'add', path: '/data/y', value: '2' }])
  t.match(server.objects.get(`${MAPS}/a`), { data: { x: '1', y: '2' } })
})

t.test('KubernetesApi.list reads every page', async (t) => {
  const { server, api } = await scene(t)
  server.pageSize = 2
  for (const name of ['a', 'b', 'c', 'd', 'e']) server.put(`${MAPS}/${name}`, { metadata: { name } })
  const { items } = await api.list(MAPS, { labelSelector: 'a=b' })
  t.same(
    items.map(({ metadata }) => metadata.name),
    ['a', 'b', 'c', 'd', 'e'],
  )
  t.equal(server.asked.length, 3)
  t.ok(server.asked.every((one) => one.includes('labelSelector=a%3Db')))
})

t.test('The token is read again after a minute, and at once when it is refused', async (t) => {
  const { server, api, clock, tokenFile } = await scene(t)
  server.put(`${MAPS}/a`, { metadata: { name: 'a' } })
  await api.get(`${MAPS}/a`)
  writeFileSync(tokenFile, 'second')
  await api.get(`${MAPS}/a`)
  clock.advance(60_001)
  await api.get(`${MAPS}/a`)
  t.same(server.tokens, ['Bearer first', 'Bearer first', 'Bearer second'])
  writeFileSync(tokenFile, 'third')
  server.refuses.set(MAPS, 401)
  t.match(await failed(api.get(`${MAPS}/a`)), { status: 401 })
  t.same(server.tokens.slice(3), ['Bearer second', 'Bearer third'])
})

t.test('openConnection takes a pod as it is, and says what is missing', async (t) => {
  const clock = new FakeClock()
  t.throws(() => openConnection({}, {}, clock), /not in a cluster: KUBERNETES_SERVICE_HOST/)
  const folder = t.testdir({ token: 'x', 'ca.crt': 'PEM' })
  const places = { tokenFile: join(folder, 'token'), caFile: join(folder, 'ca.crt') }
  const { url, ca } = openConnection(
    places,
    { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' },
    clock,
  )
  t.same([url, ca()], ['https://[fd00::1]:6443', 'PEM'])
  const missing = join(folder, 'nothing')
  t.throws(
    () => openConnection({ ...places, tokenFile: missing }, { KUBERNETES_SERVICE_HOST: 'k' }, clock),
    /nothing' must be readable.*ENOENT/,
  )
})

t.test('KubernetesApi believes the CA that its file holds when it connects', async (t) => {
  const folder = new PemFolder(t)
  const [before, after] = [new Authority('before'), new Authority('after')]
  const answer = (_request: unknown, response: ServerResponse): void => void response.end('{"metadata":{}}')
  const server = createServer(before.issue(), answer)
  const port = await listening(t, server)
  const places = { tokenFile: folder.write('token', 'x'), caFile: folder.write('ca.crt', before.cert) }
  const api = new KubernetesApi(openConnection({ url: `https://127.0.0.1:${port}`, ...places }, {}, new FakeClock()))
  t.teardown(() => api.close())
  t.same(await api.get(MAPS), { metadata: {} })
  server.setSecureContext(after.issue())
  server.closeAllConnections()
  await t.rejects(api.get(MAPS), 'signed by a stranger')
  folder.write('ca.crt', `${before.cert}${after.cert}`)
  t.same(await api.get(MAPS), { metadata: {} })
  rmSync(places.caFile)
  server.closeAllConnections()
  t.same(await api.get(MAPS), { metadata: {} }, 'while the file is away: what it held last')
})
