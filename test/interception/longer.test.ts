/** What the short test has no time for: times as measured, memory, TLS, gRPC's HTTP/2, reload, the bundle, and life without koffi. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { cannotMakeNamespaces, PEER, POD, World } from './world.ts'

t.setTimeout(300_000)

const skip = cannotMakeNamespaces()
const may = { skip: skip === '' ? false : skip }

async function make(t: { teardown(end: () => void): void }): Promise<World> {
  const world = await World.make()
  t.teardown(() => world.close())
  return world
}

/** The built program where no folder above it has any packages, readable for the sidecar's user. */
function bundleAlone(t: { teardown(end: () => void): void }): { folder: string; bundle: string } {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bundle-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  if (!existsSync('dist/outrigger.cjs')) spawnSync(process.execPath, ['scripts/build.ts'])
  const bundle = join(folder, 'outrigger.cjs')
  writeFileSync(bundle, readFileSync('dist/outrigger.cjs'))
  return { folder, bundle }
}

const percentile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] as number

t.test('how long a server that speaks first waits, as measured', may, async (t) => {
  const world = await make(t)
  const { application, stranger } = world
  world.firewall('apply')
  await world.sidecar('--name=orders')
  await Promise.all([3306, 5555].map((port) => stranger.listen(port, 'banner')))
  await Promise.all([3306, 5555].map((port) => application.listen(port, 'banner')))
  for (const [who, agent, hosts] of [
    ['outbound', application, PEER],
    ['inbound', stranger, POD],
  ] as const) {
    for (const port of [3306, 5555]) {
      const times: number[] = []
      for (let i = 0; i < 20; i++) {
        times.push((await agent.ask(i % 2 === 0 ? hosts.v4 : hosts.v6, port, '', { until: '\n' })).firstByteMs)
      }
      const text = [0, 0.5, 0.99].map((share) => percentile(times, share).toFixed(1)).join(' / ')
      t.comment(`${who} port ${port}: first byte after min / median / max ${text} ms`)
      t.ok(times.every((ms) => ms > 0))
      // A guard against seconds, no claim: the figures above are the claim.
      t.ok(percentile(times, 0.5) < 200)
    }
  }
})

t.test('a slow reader costs the sidecar no memory', may, async (t) => {
  const world = await make(t)
  const { application, stranger } = world
  world.firewall('apply')
  const sidecar = await world.sidecar('--name=orders')
  await stranger.listen(7001, 'silent')
  const before = sidecar.rss()
  const all = Array.from({ length: 50 }, () =>
    application.ask(PEER.v4, 7001, '\x00', { times: 4 << 20, patience: 4000 }),
  )
  await Promise.all(all)
  const grown = (sidecar.rss() - before) / (1 << 20)
  t.comment(`50 connections of 4 MiB that nobody reads: ${grown.toFixed(1)} MiB more`)
  t.ok(grown < 60)
})

t.test('TLS and HTTP/2 by prior knowledge, by curl and openssl', may, async (t) => {
  const world = await make(t)
  world.firewall('apply')
  const sidecar = await world.sidecar('--name=orders')
  await world.stranger.listen(8080, 'http')
  const folder = t.testdir({})
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    '/CN=secret.test',
    '-days',
    '1',
  ])
  if (made.status !== 0) {
    t.comment('no openssl')
    return
  }
  const server = world.spawn(world.peer, 0, [
    'openssl',
    's_server',
    '-accept',
    '8443',
    '-key',
    key,
    '-cert',
    cert,
    '-www',
    '-quiet',
  ])
  t.teardown(() => server.kill('SIGKILL'))
  const curl = (...args: string[]) =>
    spawnSync(
      'ip',
      ['netns', 'exec', world.pod, 'setpriv', '--reuid=1000', '--clear-groups', 'curl', '-sS', '-m', '5', ...args],
      { encoding: 'utf8' },
    )
  while ((await world.stranger.ask('127.0.0.1', 8443, '', { patience: 50 })).error !== '');
  const secure = curl(
    '--retry',
    '5',
    '--retry-connrefused',
    '--retry-delay',
    '1',
    '--resolve',
    `secret.test:8443:${PEER.v4}`,
    '--cacert',
    cert,
    'https://secret.test:8443/',
  )
  t.match(secure.stdout, /s_server/, secure.stderr)
  t.match(
    curl('--http2-prior-knowledge', '-o', '/dev/null', '-w', '%{http_version}', `http://${PEER.v4}:8080/`).stdout,
    '2',
  )
  t.match(
    await sidecar.metrics(world),
    /opened_total\{direction="outbound",destination="passthrough",why="tls"\} [1-9]/,
  )
})

t.test('DNS over TCP passes', may, async (t) => {
  const world = await make(t)
  world.firewall('apply')
  await world.sidecar('--name=orders')
  await world.stranger.listen(53, 'echo')
  const query = '\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x04test\x00\x00\x01\x00\x01'
  t.equal((await world.application.ask(PEER.v4, 53, query, { until: 'test' })).text, query)
})

t.test('the bundle finds koffi beside it, and says so where there is none', may, async (t) => {
  const world = await make(t)
  const { folder, bundle } = bundleAlone(t)
  world.firewall('apply')
  const without = spawnSync(
    process.execPath,
    [bundle, 'run', '--transparent', '--inbound=127.0.0.1:0', '--outbound=127.0.0.1:0', '--admin=127.0.0.1:0'],
    { encoding: 'utf8', cwd: '/', timeout: 20_000 },
  )
  t.equal(without.status, 1)
  t.match(without.stderr, /koffi cannot be loaded.*--inbound-port-map/)
  mkdirSync(join(folder, 'node_modules'))
  for (const name of ['koffi', '@koromix'])
    cpSync(`node_modules/${name}`, join(folder, 'node_modules', name), { recursive: true, dereference: true })
  await world.sidecarOf([bundle], '--name=orders')
  await world.stranger.listen(8080, 'http')
  for (const host of [PEER.v4, PEER.v6]) t.equal((await world.application.get(host, 8080)).status, 200)
})

t.test('without koffi: a listener for each port inbound, outbound left alone', may, async (t) => {
  const world = await make(t)
  const { bundle } = bundleAlone(t)
  const map = '--inbound-port-map=8080:19100,5555:19101'
  t.equal(world.firewall('apply', map, '--outbound=none').status, 0)
  await world.application.listen(8080, 'http')
  await world.application.listen(9090, 'http')
  await world.application.listen(5555, 'banner')
  await world.stranger.listen(8080, 'http')
  const sidecar = await world.sidecarOf([bundle], '--name=orders', map)
  t.ok(sidecar.lines.some((line) => line.includes('koffi cannot be loaded')))
  for (const host of [POD.v4, POD.v6]) {
    const { status, saw } = await world.stranger.get(host, 8080)
    t.equal(status, 200)
    t.match(saw?.headers['via'], /outrigger/)
    t.equal(saw?.localAddress.replace('::ffff:', ''), host)
    t.equal((await world.stranger.ask(host, 5555, '', { until: '\n' })).text, '220 hello\r\n')
  }
  t.equal((await world.stranger.get(POD.v4, 9090)).saw?.headers['via'], undefined, 'not in the map')
  t.equal((await world.application.get(PEER.v4, 8080)).status, 200)
  t.equal((await world.stranger.get(POD.v4, 19000)).error, 'ECONNRESET')
})

t.test('a policy that comes by a reload makes its port HTTP only; a signal drains what passes', may, async (t) => {
  const world = await make(t)
  const folder = t.testdir({ 'a.yaml': 'kind: Sidecar\nname: orders\ndrain: {wait: 100ms, timeout: 1s}\n' })
  world.firewall('apply')
  const sidecar = await world.sidecar(`--config=${folder}`)
  await world.application.listen(5555, 'banner')
  t.equal((await world.stranger.ask(POD.v4, 5555, '', { until: '\n' })).text, '220 hello\r\n')
  writeFileSync(
    join(folder, 'b.yaml'),
    'kind: Policy\nname: p\nmatch: {direction: inbound, port: 5555}\nrateLimit: {rate: 1000/s}\n',
  )
  await sidecar.said('configuration reloaded')
  t.equal((await world.stranger.ask(POD.v4, 5555, '', { until: '\n', patience: 800 })).text, '')
  await world.stranger.listen(5556, 'banner')
  const open = world.application.ask(PEER.v4, 5556, '', { patience: 10_000 })
  await sidecar.opened(world)
  const began = performance.now()
  t.equal(await sidecar.stop(), 0)
  const { error } = await open
  t.equal(error, 'ECONNRESET')
  t.comment(`ended ${Math.round(performance.now() - began)} ms after the signal`)
})
