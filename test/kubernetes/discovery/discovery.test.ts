/** `kubernetes: {service, namespace, port}` of a Service document, seen by clients of a sidecar. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask, eventually, get, state } from '../../support/ask.ts'
import { FakeApi } from '../../support/fake-api.ts'
import { startProxy } from '../../support/proxy.ts'
import { answering, startRawOrigin } from '../../support/raw-origin.ts'

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'
const READY = { ready: true, serving: true, terminating: false }
const ENDING = { ready: false, serving: true, terminating: true }

async function origin(t: Test, name: string) {
  const origin = await startRawOrigin(
    answering(() => `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`),
  )
  t.teardown(() => origin.close())
  return origin
}

async function scene(t: Test) {
  const folder = t.testdir({ token: 'secret-of-the-pod' })
  const api = new FakeApi()
  const url = await api.listen()
  const yaml = [
    'kind: Sidecar\nname: test\naccessLog: {format: none}',
    'kind: Service\nname: inventory\nkubernetes: {service: stock, namespace: shop, port: http}\nloadBalancing: {algorithm: roundRobin}',
  ].join('\n---\n')
  const proxy = await startProxy(yaml, { kubernetes: { url, tokenFile: join(folder, 'token') } })
  t.teardown(async () => {
    await proxy.stop()
    await api.close()
  })
  const put = (name: string, port: number, conditions = READY) =>
    api.put(`${SLICES}/${name}`, {
      metadata: { name, labels: { 'kubernetes.io/service-name': 'stock' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions }],
    })
  const known = async (count: number) => {
    await eventually(`${count} endpoints`, async () => (await state(proxy)).endpoints.length === count)
  }
  const answer = () => ask(proxy.outbound, get('/', 'Host: inventory'))
  return { api, proxy, put, known, answer }
}

t.test('Endpoints come and go under load, and no client sees an error', async (t) => {
  const { api, put, known, answer } = await scene(t)
  const [one, other] = [await origin(t, 'one'), await origin(t, 'other')]
  put('a', one.port)
  await known(1)
  t.equal((await answer()).body.toString(), 'one')
  t.equal(api.tokens.at(-1), 'Bearer secret-of-the-pod')
  t.match(api.asked[0], /^GET .*endpointslices\?labelSelector=kubernetes\.io%2Fservice-name%3Dstock/)

  let running = true
  const seen = new Map<string, number>()
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (running) {
        const { status, body } = await answer()
        const what = `${status} ${body}`
        seen.set(what, (seen.get(what) ?? 0) + 1)
      }
    }),
  )
  for (let round = 0; round < 10; round++) {
    put('b', other.port)
    await known(2)
    put('a', one.port, ENDING)
    await known(1)
    api.remove(`${SLICES}/a`)
    put('a', one.port)
    await known(2)
    api.remove(`${SLICES}/b`)
    await known(1)
  }
  running = false
  await load
  t.same([...seen.keys()].sort(), ['200 one', '200 other'])
})

t.test('The API server goes away and comes back: endpoints stay, and what changed meanwhile is learned', async (t) => {
  const { api, proxy, put, known, answer } = await scene(t)
  const [one, other] = [await origin(t, 'one'), await origin(t, 'other')]
  put('a', one.port)
  await known(1)
  api.refuses.set(SLICES, 503)
  api.endWatches(true)
  await eventually('the warning', () => proxy.log.some((line) => line.includes('endpoints cannot be asked for')))
  t.equal((await answer()).body.toString(), 'one')
  put('b', other.port)
  api.remove(`${SLICES}/a`)
  api.forgotten = api.version
  api.refuses.clear()
  await eventually('the other', async () => (await answer()).body.toString() === 'other', 10_000)
  t.equal(proxy.log.filter((line) => line.includes('endpoints cannot be asked for')).length, 1, 'said once')
  t.ok(proxy.log.some((line) => line.includes('endpoints are known again')))
})

t.test('Outside of a cluster it is said what is missing', async (t) => {
  const yaml = 'kind: Service\nname: inventory\nkubernetes: {service: stock, port: 8080}\n'
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  await eventually('the warning', () => proxy.log.some((line) => line.includes('which namespace?')))
  t.match(await ask(proxy.outbound, get('/', 'Host: inventory')), { status: 503 })
})
