import t from 'tap'
import { cannotMakeNamespaces, PEER, POD, PROXY_UID, World } from '../../interception/world.ts'

const skip = cannotMakeNamespaces()

const POLICIES = `
kind: Policy
name: guarded
match: {direction: inbound, port: 9090}
authorize: {allow: [{methods: [GET], paths: ["/open/**"]}]}
---
kind: Service
name: inventory
hosts: [inventory, inventory.shop]
endpoints: ["${PEER.v4}:8080"]
---
kind: Service
name: database
hosts: ["10.99.0.1:5432"]
endpoints: ["${PEER.v4}:5555"]
---
kind: Policy
name: inventory
match: {direction: outbound, service: inventory, routes: [{path: /down}]}
fallback: [{when: [any], use: static, status: 203, body: instead}]
fault: {percent: 100%, abort: {status: 503}, until: 2099-12-31T00:00:00Z}
`

t.test('redirected connections in a namespace', { skip: skip === '' ? false : skip }, async (t) => {
  const world = await World.make()
  t.teardown(() => world.close())
  const { application, stranger } = world
  const before = world.rules('iptables-nft-save')
  const folder = t.testdir({ 'policies.yaml': POLICIES })

  const skips = ['--skip-outbound=7070', `--skip-outbound-cidrs=${PEER.other}/32`, '--skip-inbound=19002,6060']
  t.equal(world.firewall('apply', ...skips).status, 0)
  const rules = world.rules('iptables-nft-save')
  t.match(world.firewall('apply', ...skips).stderr, /in force already.*\n.*in force already/)
  t.equal(world.rules('iptables-nft-save'), rules)

  await Promise.all([
    ...[8080, 9090, 6060].map((port) => application.listen(port, 'http')),
    application.listen(3306, 'banner'),
    application.listen(5555, 'banner'),
    application.listen(4000, 'http', '127.0.0.1'),
    ...[8080, 7070].map((port) => stranger.listen(port, 'http')),
    stranger.listen(3306, 'banner'),
    stranger.listen(5555, 'banner'),
    stranger.listen(5556, 'count'),
    stranger.listen(5557, 'reset'),
  ])

  await t.test('with no sidecar yet nobody gets through, either way', async (t) => {
    for (const { v4, v6 } of [PEER]) {
      for (const host of [v4, v6]) t.equal((await application.get(host, 8080)).error, 'ECONNREFUSED')
    }
    for (const host of [POD.v4, POD.v6]) t.equal((await stranger.get(host, 8080)).error, 'ECONNREFUSED')
  })

  const sidecar = await world.sidecar('--name=orders', `--config=${folder}`)
  const metrics = async () =>
    (await application.ask('127.0.0.1', 19002, 'GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n')).text
  /** Exchanges so far, with one destination or with all. */
  const seen = async (destination = '') => {
    const lines = (await metrics()).split('\n').filter((line) => line.includes(`destination="${destination}`))
    const counts = lines.filter((line) => line.startsWith('http_server_request_duration_seconds_count'))
    return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  await t.test('inbound, HTTP goes to the address and port its client was going to', async (t) => {
    for (const host of [POD.v4, POD.v6]) {
      const { status, saw } = await stranger.get(host, 8080)
      t.equal(status, 200)
      t.equal(saw?.localAddress.replace('::ffff:', ''), host)
      t.equal(saw?.headers['x-forwarded-for'], host === POD.v4 ? PEER.v4 : PEER.v6)
      t.match(saw?.headers['via'], /outrigger-orders/)
    }
  })

  await t.test('inbound, what listens on loopback alone stays private', async (t) => {
    t.equal((await stranger.get(POD.v4, 4000)).status, 502)
  })

  await t.test('outbound, HTTP to an unknown host goes where it was going, untouched', async (t) => {
    for (const host of [PEER.v4, PEER.v6]) {
      const { status, saw } = await application.get(host, 8080, 'stranger.test')
      t.equal(status, 200)
      t.same(saw?.headers, { host: 'stranger.test:8080' })
      t.equal(saw?.localAddress.replace('::ffff:', ''), host)
    }
    t.equal(await seen('passthrough'), 2)
  })

  await t.test('outbound, Host selects a Service wherever the connection was going', async (t) => {
    const { status, saw } = await application.get('192.0.2.1', 80, 'inventory.shop')
    t.equal(status, 200)
    t.match(saw?.headers['via'], /outrigger/)
    t.equal((await application.get('192.0.2.1', 80, 'inventory', '/down')).text.split(' ')[1], '203')
  })

  await t.test('who is excluded passes by: ports, blocks, loopback', async (t) => {
    const before = await seen()
    const direct = [
      await application.get(PEER.v4, 7070),
      await application.get(PEER.other, 8080),
      await application.get(POD.v4, 8080),
      await application.get('127.0.0.1', 8080),
      await stranger.get(POD.v4, 6060),
    ]
    for (const { status, saw } of direct) {
      t.equal(status, 200)
      t.equal(saw?.headers['via'], undefined)
    }
    t.equal(await seen(), before, 'the sidecar saw none of them')
  })

  await t.test(
    'a server that speaks first is heard: on listed ports, on others, by the address of a Service',
    async (t) => {
      const asked = [3306, 5555].flatMap((port) => [
        ...[PEER.v4, PEER.v6].map((host) => application.ask(host, port, '', { until: '\n' })),
        ...[POD.v4, POD.v6].map((host) => stranger.ask(host, port, '', { until: '\n' })),
      ])
      asked.push(application.ask('10.99.0.1', 5432, '', { until: '\n' }))
      for (const { text } of await Promise.all(asked)) t.equal(text, '220 hello\r\n')
    },
  )

  await t.test('bytes pass in both directions, half-closed too, and a reset arrives as one', async (t) => {
    const sent = '\x00'.repeat(300_000)
    t.equal((await application.ask(PEER.v4, 5556, sent, { end: true })).text, '300000 bytes')
    t.equal((await application.ask(PEER.v4, 5557, '\x00')).error, 'ECONNRESET')
    t.equal((await application.ask(PEER.v4, 5999, '\x00')).error, 'ECONNRESET', 'nobody listens there')
  })

  await t.test('no way round a policy by silence, other bytes, an upgrade to h2c, or CONNECT', async (t) => {
    t.equal((await stranger.get(POD.v4, 9090, 'x', '/open/1')).status, 200)
    t.match((await stranger.get(POD.v4, 9090, 'x', '/closed')).text, /^HTTP\/1\.1 403/)
    // Later than the detection would have given up.
    const silent = stranger.ask(POD.v4, 9090, '', { patience: 600 })
    t.match((await stranger.ask(POD.v4, 9090, '\x00\x01\x02GET /closed HTTP/1.1\r\n\r\n')).text, /^(HTTP\/1\.1 400|$)/)
    const upgrade =
      'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
    const open = await stranger.ask(POD.v4, 9090, `GET /open/2 HTTP/1.1\r\n${upgrade}Connection: close\r\n\r\n`)
    t.match(open.text, /^HTTP\/1\.1 200/, 'answered in HTTP/1.1')
    t.notMatch(open.text, /"upgrade"/)
    const connect = await stranger.ask(POD.v4, 9090, 'CONNECT x:9090 HTTP/1.1\r\nHost: x:9090\r\n\r\n', { until: '\n' })
    t.match(connect.text, /^HTTP\/1\.1 40[34]/)
    t.same(await silent.then(({ text, ended }) => ({ text, ended })), { text: '', ended: false })
  })

  await t.test('the listeners themselves answer nobody', async (t) => {
    for (const port of [19000, 19001]) {
      t.equal((await stranger.get(POD.v4, port)).error, 'ECONNRESET')
      t.equal((await stranger.get(POD.v6, port)).error, 'ECONNRESET')
      t.equal((await application.get('127.0.0.1', port)).error, 'ECONNRESET')
    }
  })

  await t.test('all of it is counted', async (t) => {
    const text = await metrics()
    for (const line of [
      'outrigger_opaque_connections_opened_total{direction="outbound",destination="passthrough",why="listed"} 2',
      'outrigger_opaque_connections_opened_total{direction="inbound",destination="orders",why="server_first"} 2',
      'outrigger_opaque_connections_opened_total{direction="outbound",destination="database",why="server_first"} 1',
      'outrigger_opaque_connections_closed_total{direction="outbound",destination="passthrough",reason="upstream_reset"} 1',
      'outrigger_opaque_connections_closed_total{direction="outbound",destination="passthrough",reason="connect_failure"} 1',
      'outrigger_opaque_connections_active{direction="outbound",destination="passthrough"} 0',
      'outrigger_refused_total{direction="inbound",reason="loop_detected"} 5',
      'outrigger_refused_total{direction="outbound",reason="loop_detected"} 1',
    ]) {
      t.ok(text.includes(line), line)
    }
  })

  await t.test('the sidecar dead, nobody gets through, and nobody gets by', async (t) => {
    await sidecar.kill()
    for (const host of [PEER.v4, PEER.v6]) t.equal((await application.get(host, 8080)).error, 'ECONNREFUSED')
    for (const host of [POD.v4, POD.v6]) t.equal((await stranger.get(host, 8080)).error, 'ECONNREFUSED')
    t.equal((await stranger.ask(POD.v4, 3306)).error, 'ECONNREFUSED')
  })

  await t.test('a sidecar that the rules do not spare says so, and does not call itself for ever', async (t) => {
    const strange = await world.sidecarAs(PROXY_UID + 1, '--name=orders')
    for (const host of [PEER.v4, PEER.v6]) {
      t.equal((await application.get(host, 8080)).status, 502)
      t.equal((await application.ask(host, 5556, '\x00')).error, 'ECONNRESET')
    }
    const told = strange.lines.filter((line) => line.includes('do not spare its user'))
    t.equal(told.length, 1)
    t.match(told[0], new RegExp(`"level":"error".*--proxy-uid=${PROXY_UID + 1}`))
    t.match(await metrics(), 'outrigger_refused_total{direction="outbound",reason="loop_detected"} 4')
    t.equal(world.firewall('apply', ...skips, `--proxy-uid=${PROXY_UID + 1}`).status, 0)
    for (const host of [PEER.v4, PEER.v6]) t.equal((await application.get(host, 8080)).status, 200)
    await strange.kill()
  })

  await t.test('removed, all is as it was', async (t) => {
    t.equal(world.firewall('remove').status, 0)
    t.equal(world.rules('iptables-nft-save'), before === '' ? rulesOfNobody(world) : before)
    t.notMatch(world.rules('ip6tables-nft-save'), 'OUTRIGGER')
    for (const host of [PEER.v4, PEER.v6]) t.equal((await application.get(host, 8080)).saw?.headers['via'], undefined)
    for (const host of [POD.v4, POD.v6]) t.equal((await stranger.get(host, 8080)).status, 200)
  })
})

/** A table that was touched once keeps its empty chains; that nothing else is in it is what counts. */
function rulesOfNobody(world: World): string {
  return world
    .rules('iptables-nft-save')
    .split('\n')
    .filter((line) => !line.startsWith('-A') && !line.includes('OUTRIGGER'))
    .join('\n')
}
