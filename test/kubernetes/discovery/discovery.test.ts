/** `kubernetes: {service, namespace, port}` of a Service document, seen by clients of a sidecar. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { admin, ask, eventually, get, metric, state } from '../../support/ask.ts'
import { FakeApi } from '../../support/fake-api.ts'
import { startProxy } from '../../support/proxy.ts'
import { answering, startRawOrigin } from '../../support/raw-origin.ts'

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'
const READY = { ready: true, serving: true, terminating: false }
const ENDING = { ready: false, serving: true, terminating: true }

const INVENTORY = service('inventory', 'stock')

function service(name: string, kubernetes: string, more = '{}'): string {
  return `kind: Service\nname: ${name}\nkubernetes: {service: ${kubernetes}, namespace: shop, port: http}\nconnections: ${more}`
}

function policy(...services: readonly string[]): string {
  return ['kind: Sidecar\nname: test\naccessLog: {format: none}', ...services].join('\n---\n')
}

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
  const proxy = await startProxy(policy(INVENTORY), { kubernetes: { url, tokenFile: join(folder, 'token') } })
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
  const reload = (...services: readonly string[]): boolean => {
    writeFileSync(join(proxy.folder, 'policy.yaml'), policy(...services))
    return proxy.reload()
  }
  return { api, proxy, put, known, answer, reload }
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

t.test('Whether the API answers, and since when not, is in the metrics and at /state', async (t) => {
  const { api, proxy, put, known } = await scene(t)
  const labels = ['destination="inventory"', 'source="kubernetes"']
  const up = () => metric(proxy, 'outrigger_discovery_up', ...labels)
  const heardAt = () => metric(proxy, 'outrigger_discovery_last_success_timestamp_seconds', ...labels)
  const shown = async () =>
    (JSON.parse((await admin(proxy, '/state')).body.toString()) as { discovery: unknown }).discovery
  api.refuses.set(SLICES, 503)
  await eventually('a first failure', () => proxy.log.some((line) => line.includes('endpoints cannot be asked for')))
  if ((await heardAt()) === 0)
    t.match(await shown(), [{ service: 'inventory', source: 'kubernetes', up: false, heardAt: 0 }])
  api.refuses.clear()
  put('a', 1)
  await known(1)
  t.equal(await up(), 1)
  const first = await heardAt()
  t.ok(Math.abs(first - Date.now() / 1000) < 60)
  await eventually('the watch', () => api.watches === 1)
  await eventually('a later time, for a bookmark', async () => {
    api.bookmark()
    return (await heardAt()) > first
  })
  api.refuses.set(SLICES, 503)
  api.endWatches(true)
  await eventually('down', async () => (await up()) === 0)
  const last = await heardAt()
  t.ok(last > 0, 'the time stays')
  t.match(await shown(), [{ up: false, heardAt: last * 1000 }])
  api.refuses.clear()
  await eventually('up', async () => (await up()) === 1 && (await heardAt()) > last)
})

t.test('What the API server refuses is told, though it was away before', async (t) => {
  const { api, proxy, put, known } = await scene(t)
  put('a', 1)
  await known(1)
  await eventually('the watch', () => api.watches === 1)
  const said = () => proxy.log.filter((line) => line.includes('endpoints cannot be asked for'))
  api.refuses.set(SLICES, 403)
  api.endWatches(true)
  await eventually('two warnings', () => said().length === 2)
  t.match(said()[1], /endpointslices: 403 /)
  await api.when('GET ', 5)
  t.equal(said().length, 2, 'each once')
  api.refuses.clear()
  await eventually('its end', () => proxy.log.some((line) => line.includes('endpoints are known again')))
})

t.test('A watch that was cut and stands again is told, also where nothing changed', async (t) => {
  const { api, proxy, put, known } = await scene(t)
  put('a', 1)
  await known(1)
  await eventually('the watch', () => api.watches === 1)
  for (const times of [1, 2]) {
    api.endWatches(true)
    const said = (what: string) => proxy.log.filter((line) => line.includes(what)).length
    await eventually('the warning', () => said('endpoints cannot be asked for') === times)
    await eventually('its end', () => said('endpoints are known again') === times)
  }
})

t.test('A Service document that changed has its endpoints at once, also while the API is away', async (t) => {
  const { api, proxy, put, known, answer, reload } = await scene(t)
  put('a', (await origin(t, 'one')).port)
  await known(1)
  await eventually('the watch', () => api.watches === 1)
  api.refuses.set(SLICES, 503)
  t.ok(reload(service('inventory', 'stock', '{idle: 3s}')))
  t.match(await answer(), { status: 200 })
  t.equal(api.watches, 1, 'the watch from before goes on')
  t.ok(reload(service('inventory', 'stock', '{idle: 3s}'), service('copy', 'stock')))
  t.match(await ask(proxy.outbound, get('/', 'Host: copy')), { status: 200 })
  t.equal(api.asked.length, 2, 'one list and one watch, for all of that')
})

t.test('A Service document that is gone or names another Service ends its watch', async (t) => {
  const { api, put, known, reload } = await scene(t)
  put('a', 1)
  await known(1)
  await eventually('the watch', () => api.watches === 1)
  t.ok(reload(INVENTORY, service('copy', 'stock')))
  await known(2)
  t.ok(reload(service('copy', 'stock')))
  await known(1)
  t.equal(api.watches, 1, 'one of two that share it is gone')
  t.ok(reload(service('copy', 'other')))
  await eventually('the watch of the other', () =>
    api.asked.some((one) => one.includes('service-name%3Dother') && one.includes('watch=true')),
  )
  await eventually('one watch', () => api.watches === 1)
  t.ok(reload())
  await eventually('none', () => api.watches === 0)
  const asked = api.asked.length
  t.ok(reload(INVENTORY))
  await known(1)
  t.ok(api.asked.length > asked, 'who comes back is asked for anew')
})

t.test('Outside of a cluster it is said what is missing', async (t) => {
  const yaml = 'kind: Service\nname: inventory\nkubernetes: {service: stock, port: 8080}\n'
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  await eventually('the warning', () => proxy.log.some((line) => line.includes('which namespace?')))
  t.match(await ask(proxy.outbound, get('/', 'Host: inventory')), { status: 503 })
})
