import dns from 'node:dns'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSidecar } from '../../src/runtime/sidecar.ts'
import { admin, answer, ask, eventually, field, get, metric, postAdmin, state } from '../support/ask.ts'
import { answering, type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'
import { services, startProxy } from '../support/proxy.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'

function text(origin: RawOrigin, yaml: string, service = ''): string {
  return `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: origin\nendpoints: ["127.0.0.1:${origin.port}"]\n${service}\n---\n${yaml}`
}

const BREAKER = 'breaker: {scope: service, window: {type: count, size: 10, minimumCalls: 4}}'
const LONG = 20_000

t.test('A file that was changed is taken over without being told', async (t) => {
  const { port, proxy, origin } = await scene(t, async (peer) => void (await peer.request()), {
    yaml: policy('timeout: {request: 30s}'),
  })
  const before = JSON.parse((await admin(proxy, '/config')).body.toString())
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(origin, policy('timeout: {request: 20ms}')))
  await eventually('the reload', () => proxy.log.some((line) => line.includes('configuration reloaded')), LONG)
  t.equal((await ask(port, get('/'))).status, 504)
  const after = JSON.parse((await admin(proxy, '/config')).body.toString())
  t.not(after.hash, before.hash)
  t.match(after.lastReload, { success: true })
  t.equal(await metric(proxy, 'outrigger_config_last_reload_success'), 1)
})

t.test('A file is taken over although somebody writes beside it all the time, a log for instance', async (t) => {
  const { proxy, origin } = await scene(t, HI)
  const writer = setInterval(() => appendFileSync(join(proxy.folder, 'access.log'), 'a line\n'), 20)
  t.teardown(() => clearInterval(writer))
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(origin, policy('timeout: {request: 20s}')))
  await eventually('the reload', () => proxy.log.some((line) => line.includes('configuration reloaded')), LONG)
})

t.test('What changes while the sidecar starts is seen once it watches', async (t) => {
  const origin = await startRawOrigin(HI)
  t.teardown(() => origin.close())
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-start-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'policy.yaml')
  writeFileSync(file, text(origin, policy('timeout: {request: 30s}')))
  const log: string[] = []
  const say = (msg: string): void => void log.push(msg)
  const local = { host: '127.0.0.1', port: 0 }
  const starting = startSidecar({
    paths: [folder],
    outbound: local,
    admin: local,
    log: { error: say, warn: say, info: say, debug: say },
    version: '0',
    environment: {},
  })
  // Read it has, and watch it does not yet: it is opening its listeners.
  writeFileSync(file, text(origin, policy('timeout: {request: 9s}')))
  const sidecar = await starting
  t.teardown(() => sidecar.close())
  await eventually('the reload', () => log.includes('configuration reloaded'), LONG)
})

t.test('A Service by DNS that was changed keeps its endpoints until its name is looked up', async (t) => {
  const origin = await startRawOrigin(HI)
  t.teardown(() => origin.close())
  const yaml = (name: string, more: string) =>
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n` +
    `kind: Service\nname: origin\ndns: {name: ${name}, port: ${origin.port}}\n${more}\n`
  const proxy = await startProxy(yaml('127.0.0.1', ''))
  t.teardown(() => proxy.stop())
  await eventually('the endpoint', async () => (await state(proxy)).endpoints.length === 1)
  const { lookup } = dns
  t.teardown(() => {
    dns.lookup = lookup
    syncBuiltinESMExports()
  })
  // The resolver does not answer.
  dns.lookup = (() => {}) as unknown as typeof lookup
  syncBuiltinESMExports()
  writeFileSync(join(proxy.folder, 'policy.yaml'), yaml('127.0.0.1', 'connections: {idle: 5s}'))
  t.equal(proxy.reload(), true)
  t.equal((await ask(proxy.outbound, get('/'))).status, 200)
  writeFileSync(join(proxy.folder, 'policy.yaml'), yaml('127.0.0.2', 'connections: {idle: 5s}'))
  t.equal(proxy.reload(), true)
  t.equal(field(await ask(proxy.outbound, get('/')), 'x-outrigger-reason'), 'no_endpoints', 'another name')
})

t.test('A broken file leaves the last good configuration in force, and says so', async (t) => {
  const { port, proxy, origin } = await scene(t, HI, { yaml: policy('bulkhead: {maxConcurrent: 5}') })
  writeFileSync(
    join(proxy.folder, 'policy.yaml'),
    text(origin, policy('bulkhead: {maxConcurent: 5}\ntimeout: {request: 1}')),
  )
  t.equal(proxy.reload(), false)
  t.equal((await ask(port, get('/'))).status, 200)
  t.equal(await metric(proxy, 'outrigger_config_last_reload_success'), 0)
  const { lastReload } = JSON.parse((await admin(proxy, '/config')).body.toString())
  t.equal(lastReload.success, false)
  t.equal(lastReload.report.length, 3, 'a missing field, an unknown one, a missing unit')
  t.match(lastReload.report.join('\n'), /policy\.yaml:\d+:\d+: error .*maxConcurent.*maxConcurrent/)
  t.match(proxy.log.join('\n'), /error reload failed.*maxConcurent/)
  t.match((await state(proxy)).bulkheads, [{ limit: 5 }])
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(origin, policy('bulkhead: {maxConcurrent: 6}')))
  t.equal(proxy.reload(), true)
  t.equal(await metric(proxy, 'outrigger_config_last_reload_success'), 1)
  await ask(port, get('/'))
  t.match((await state(proxy)).bulkheads, [{ limit: 6 }])
})

t.test(
  'A device among the files is refused: it may have no end, and reading it would stop every request',
  async (t) => {
    const { port, proxy } = await scene(t, HI, { yaml: policy('bulkhead: {maxConcurrent: 5}') })
    symlinkSync('/dev/null', join(proxy.folder, 'z.yaml'))
    t.equal(proxy.reload(), false)
    const { lastReload } = JSON.parse((await admin(proxy, '/config')).body.toString())
    t.match(lastReload.report, [/z\.yaml:1:1: error E001 .*it is a pipe or a device/])
    t.equal((await ask(port, get('/'))).status, 200)
  },
)

t.test('State is kept where the block is unchanged: an open breaker stays open, connections stay', async (t) => {
  const { port, proxy, origin } = await scene(
    t,
    answering(() => 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'),
    {
      yaml: policy(BREAKER),
    },
  )
  for (let i = 0; i < 4; i++) await ask(port, get('/'))
  t.match((await state(proxy)).breakers, [{ state: 'open' }])
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(origin, policy(`timeout: {request: 5s}\n${BREAKER}`)))
  t.equal(proxy.reload(), true)
  t.match((await state(proxy)).breakers, [{ state: 'open', calls: 4 }])
  t.equal(field(await ask(port, get('/')), 'x-outrigger-reason'), 'circuit_open')
  t.match((await state(proxy)).endpoints, [{ connections: 1 }])
  t.equal(origin.peers.length, 1)
})

t.test('A block that was changed begins anew', async (t) => {
  const { port, proxy, origin } = await scene(
    t,
    answering(() => 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'),
    {
      yaml: policy(BREAKER),
    },
  )
  for (let i = 0; i < 4; i++) await ask(port, get('/'))
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(origin, policy(BREAKER.replace('size: 10', 'size: 11'))))
  t.equal(proxy.reload(), true)
  t.equal((await ask(port, get('/'))).status, 500)
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 1 }])
})

t.test('A request that runs through a reload and meets a block as it was takes nobody the new state', async (t) => {
  const dead = await startRawOrigin(async (peer) => {
    await peer.request()
    await release.promise
    peer.destroy()
  })
  const release = Promise.withResolvers<void>()
  const spare = await startRawOrigin(HI)
  t.teardown(() => Promise.all([dead.close(), spare.close()]))
  const yaml = (size: number) =>
    services(
      { dead: dead.port, spare: spare.port },
      'kind: Policy\nname: dead\nmatch: {direction: outbound, service: dead}\n' +
        'fallback: [{when: [any], use: service, service: spare}]\n---\n' +
        'kind: Policy\nname: spare\nmatch: {direction: outbound, service: spare}\n' +
        `breaker: {scope: service, window: {type: count, size: ${size}, minimumCalls: 4}}\n`,
    )
  const proxy = await startProxy(yaml(10))
  t.teardown(() => proxy.stop())
  const old = ask(proxy.outbound, get('/', 'Host: dead'))
  await eventually('the request', () => dead.requests.length === 1)
  writeFileSync(join(proxy.folder, 'policy.yaml'), yaml(20))
  t.equal(proxy.reload(), true)
  const call = async () => (await ask(proxy.outbound, get('/', 'Host: spare'))).status
  t.equal(await call(), 200)
  release.resolve()
  t.equal((await old).status, 200, 'by the fallback, whose route was not asked for before')
  t.equal(await call(), 200)
  const { breakers } = await state(proxy)
  t.match(breakers, [{ calls: 2 }], 'those of the new one')
  await postAdmin(proxy, `/breakers/${breakers[0]?.id}`, '{"force":"open"}')
  t.equal(await call(), 503)
})

t.test('Running requests finish in the old configuration, new ones meet the new', async (t) => {
  const { client, proxy, origin } = await scene(
    t,
    async (peer) => {
      for (;;) await peer.request()
    },
    { yaml: policy('bulkhead: {maxConcurrent: 1}') },
  )
  const old = await client()
  old.send(get('/old'))
  await eventually('the request', () => origin.requests.length === 1)
  // The endpoint moves, and there is a place more.
  const moved = await startRawOrigin(HI)
  t.teardown(() => moved.close())
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(moved, policy('bulkhead: {maxConcurrent: 2}')))
  t.equal(proxy.reload(), true)
  t.equal((await ask(proxy.outbound, get('/new'))).status, 200)
  t.equal(moved.requests.length, 1)
  t.equal(old.text, '')
  ;(await origin.peer(0)).send(OK)
  t.equal((await answer(old)).status, 200)
  await (await origin.peer(0)).untilEnded()
})

t.test('A Service that goes is gone, one that comes is there; client connections stay', async (t) => {
  const { client, proxy, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(get('/'))
  const first = await answer(connection)
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(origin, '', '').replace('name: origin', 'name: other'))
  t.equal(proxy.reload(), true)
  connection.send(get('/'))
  const second = await answer(connection, first.next)
  t.equal(second.status, 404)
  connection.send(get('/', 'Host: other'))
  t.equal((await answer(connection, second.next)).status, 200)
})

t.test("A ConfigMap's ..data swap is taken over", async (t) => {
  const origin = await startRawOrigin(async (peer) => void (await peer.request()))
  t.teardown(() => origin.close())
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-configmap-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const version = (name: string, yaml: string): void => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'policy.yaml'), text(origin, yaml))
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  version('..2026_1', policy('timeout: {request: 30s}'))
  symlinkSync(join('..data', 'policy.yaml'), join(folder, 'policy.yaml'))
  const log: string[] = []
  const say = (msg: string): void => void log.push(msg)
  const local = { host: '127.0.0.1', port: 0 }
  const sidecar = await startSidecar({
    paths: [folder],
    outbound: local,
    admin: local,
    log: { error: say, warn: say, info: say, debug: say },
    version: '0',
    environment: {},
  })
  t.teardown(() => sidecar.close())
  version('..2026_2', policy('timeout: {request: 20ms}'))
  rmSync(join(folder, '..2026_1'), { recursive: true })
  await eventually('the reload', () => log.includes('configuration reloaded'), LONG)
  const port = Number(sidecar.outbound.split(':')[1])
  t.equal((await ask(port, get('/'))).status, 504)
})

t.test('A file that is added or taken away counts too', async (t) => {
  const { port, proxy } = await scene(t, HI)
  const more = join(proxy.folder, 'more.yaml')
  writeFileSync(more, 'kind: Service\nname: more\nendpoints: ["127.0.0.1:1"]\n')
  t.equal(proxy.reload(), true)
  t.equal((await ask(port, get('/', 'Host: more'))).status, 502)
  unlinkSync(more)
  t.equal(proxy.reload(), true)
  t.equal((await ask(port, get('/', 'Host: more'))).status, 404)
})
