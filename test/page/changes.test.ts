/** What the page shows when things change under it: several of one kind, files read again, a way to the sidecar that dies. */
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask, get } from '../support/ask.ts'
import { type Proxy as Sidecar, startProxy } from '../support/proxy.ts'
import { findChromium, startBrowser } from './browser.ts'
import { opener, SHOWN, startGuarded, startOrigin, WIDE } from './setting.ts'

const program = findChromium()
const skip = program === '' ? 'there is no chromium on PATH' : false

function policy(name: string, service: string, blocks: string): string {
  return `kind: Policy\nname: ${name}\nmatch: {direction: outbound, ${service}}\n${blocks}\n`
}

function sidecar(port: number, services: readonly string[], policies: readonly string[]): string {
  const documents = services.map((name) => `kind: Service\nname: ${name}\nendpoints: [127.0.0.1:${port}]\n`)
  return ['kind: Sidecar\nname: shop\naccessLog: {format: none}\n', ...documents, ...policies].join('---\n')
}

const BREAKER =
  'breaker: {scope: service, window: {type: count, size: 4, minimumCalls: 2}, open: {base: 60s, max: 60s, jitter: 0%}}'
const SHARDS = ['shard-1', 'shard-2', 'shard-3']

async function startShards(t: Test, port: number, admin = 0): Promise<Sidecar> {
  const policies = SHARDS.map((name) => policy(`guard-${name}`, `service: ${name}`, BREAKER))
  const made = await startProxy(sidecar(port, SHARDS, policies), { admin })
  t.teardown(() => made.stop())
  return made
}

async function call({ outbound }: Sidecar, host: string, path: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await ask(outbound, get(path, `Host: ${host}`, 'Connection: close'))
}

interface Way {
  readonly port: number
  /** As one behind which a machine has gone: on the stream of events nothing more comes, and nothing says so. */
  die(): void
  /** As a port-forward to another pod. */
  turn(port: number): void
}

async function startWay(t: Test, port: number): Promise<Way> {
  const sockets = new Set<Socket>()
  const streams = new Set<Socket>()
  let end = port
  const server = createServer((client) => {
    const there = connect(end, '127.0.0.1')
    for (const socket of [client, there]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (chunk: Buffer) => {
      if (chunk.includes('GET /events')) streams.add(client).add(there)
    })
    client.pipe(there).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const turn = (to: number) => {
    end = to
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    server.close()
    turn(port)
  })
  const die = () => {
    for (const socket of sockets) {
      if (streams.has(socket)) socket.unpipe().pause()
      else socket.destroy()
    }
  }
  return { port: (server.address() as AddressInfo).port, die, turn }
}

t.test('The page, when things change', { skip, timeout: 60_000 }, async (t) => {
  const browser = await startBrowser(program)
  t.teardown(() => browser.close())
  const wrong: string[] = []
  const open = opener(browser, (what) => wrong.push(what))

  t.test('Troubles whose names differ in a figure only are each told', async (t) => {
    const origin = await startOrigin(t)
    origin.status = 503
    const shards = await startShards(t, origin.port)
    for (const name of SHARDS) await call(shards, name, '/', 2)
    const page = await open(t, shards)
    const told = page.locator('#troubles li')
    await told.first().waitFor(SHOWN)
    t.strictSame(
      (await told.allInnerTexts()).map((text) => text.replace(/,.*/, '')).filter((text) => text.startsWith('breaker')),
      SHARDS.map((name) => `breaker ${name} is open`),
    )
    t.equal(await page.title(), '(3) shop, Outrigger')
    t.match(await page.locator('#announced').innerText(), 'breaker shard-2 is open; breaker shard-3 is open')
  })

  t.test('Of very many troubles the first are shown, and no name is wider than the page', async (t) => {
    const path = `/${'x'.repeat(300)}`
    const names = Array.from({ length: 25 }, (_, index) => `shard-${index}`)
    const scoped = BREAKER.replace('scope: service', 'scope: route')
    const policies = names.map((name) =>
      policy(`guard-${name}`, `service: ${name}, routes: [{path: "${path}"}]`, scoped),
    )
    const origin = await startOrigin(t)
    origin.status = 503
    const made = await startProxy(sidecar(origin.port, names, policies))
    t.teardown(() => made.stop())
    for (const name of names) await call(made, name, path, 2)
    const page = await open(t, made, '/', { ...WIDE, width: 390 })
    const told = page.locator('#troubles li')
    await told.filter({ hasText: /^and \d+ more$/ }).waitFor(SHOWN)
    t.equal(await told.count(), 21)
    t.match(await page.title(), /^\(\d\d\) shop/, 'all are counted')
    t.equal(await page.evaluate(`document.querySelector('#now').scrollWidth - innerWidth <= 0`), true)
  })

  t.test('Two budgets of one service are two', async (t) => {
    const origin = await startOrigin(t)
    const retry = (name: string, minPerSecond: number) =>
      policy(
        name,
        `service: inventory, routes: [{path: "/${name}/**"}]`,
        `retry: {max: 1, when: [503], budget: {percent: 20%, minPerSecond: ${minPerSecond}}}\ntimeout: {request: 1s}`,
      )
    const made = await startProxy(sidecar(origin.port, ['inventory'], [retry('reads', 1), retry('writes', 2)]))
    t.teardown(() => made.stop())
    await call(made, 'inventory', '/reads/1', 1)
    await call(made, 'inventory', '/writes/1', 1)
    const page = await open(t, made)
    const budgets = page.locator('#limits tbody tr', { hasText: 'retry budget' })
    await budgets.first().waitFor(SHOWN)
    t.strictSame(
      (await budgets.allInnerTexts()).map((text) => /\d+ left/.exec(text)?.[0]),
      ['10 left', '20 left'],
    )
  })

  t.test('Of an endpoint the judgement that holds is told, not that of a block in shadow mode', async (t) => {
    const origin = await startOrigin(t)
    origin.status = 503
    const outlier = (name: string, more: string) =>
      policy(name, `service: inventory, routes: [{path: "/${name}/**"}]`, `outlier: {${more}}`)
    const made = await startProxy(
      sidecar(
        origin.port,
        ['inventory'],
        [
          outlier('reads', 'consecutive: 2, ejectFor: 30s, maxEjected: 50%, jitter: 0%'),
          outlier('writes', 'consecutive: 50, mode: shadow'),
        ],
      ).replace(/endpoints: .*/, `endpoints: [127.0.0.1:${origin.port}, "localhost:${origin.port}"]`),
    )
    t.teardown(() => made.stop())
    await call(made, 'inventory', '/reads/1', 12)
    await call(made, 'inventory', '/writes/1', 2)
    const page = await open(t, made)
    const ejected = page.locator('#endpoints tbody tr', { hasText: 'ejected' })
    await ejected.waitFor(SHOWN)
    t.match(await ejected.innerText(), /ejected, (?:[12]\d|30) s left/)
    t.notMatch(await page.locator('#endpoints tbody').innerText(), 'shadow')
  })

  t.test('A page that is held goes on counting when its sidecar is another', async (t) => {
    const origin = await startOrigin(t)
    origin.status = 503
    const made = await startShards(t, origin.port)
    await call(made, 'shard-1', '/', 5)
    const page = await open(t, made)
    const count = page.locator('#requests-count')
    await count.filter({ hasText: '5 requests since the start' }).waitFor(SHOWN)
    await page.getByRole('button', { name: 'Hold' }).click()
    await made.stop()
    const another = await startShards(t, origin.port, made.admin)
    await call(another, 'shard-1', '/', 2)
    await count.filter({ hasText: /; 2 requests .*; held, 2 came since$/ }).waitFor({ timeout: 10_000 })
  })

  t.test('Of a sidecar that is another nothing is mixed with what the one before it had', async (t) => {
    const origin = await startOrigin(t)
    origin.status = 503
    const one = await startShards(t, origin.port)
    await call(one, 'shard-1', '/', 3)
    const other = await startShards(t, origin.port)
    await call(other, 'shard-2', '/', 7)
    const way = await startWay(t, one.admin)
    const page = await open(t, { ...one, admin: way.port })
    const count = page.locator('#requests-count')
    await count.filter({ hasText: '3 requests since the start' }).waitFor(SHOWN)
    way.turn(other.admin)
    await count.filter({ hasText: '7 requests since the start' }).waitFor({ timeout: 5000 })
    const rows = page.locator('#requests tbody tr')
    t.notMatch((await rows.allInnerTexts()).join('\n'), 'shard-1')
    await page.getByRole('button', { name: 'Fold alike' }).click()
    t.equal(await rows.count(), 7)
  })

  t.test('A row that moves up keeps the focus', async (t) => {
    const origin = await startOrigin(t)
    const shards = await startShards(t, origin.port)
    for (const name of SHARDS) await call(shards, name, '/', 1)
    const page = await open(t, shards)
    const rows = page.locator('#breakers tbody tr')
    const last = page.locator('#breakers tbody tr[data-id=shard-3]')
    await last.waitFor(SHOWN)
    await last.getByRole('button', { name: 'closed' }).focus()
    await page.keyboard.press('Enter')
    await rows.first().filter({ hasText: 'shard-3' }).waitFor(SHOWN)
    const focused = await page.evaluate(`document.activeElement.closest('tr')?.dataset.id`)
    t.equal(focused, 'shard-3')
  })

  t.test('A policy is said to apply to no more than it does', async (t) => {
    const routes = '[{headers: {x-tenant: gold}}, {path: "/watch", stream: true}]'
    const inbound = 'kind: Policy\nname: front\nmatch: {direction: inbound, port: 8080}\ntimeout: {request: 2s}\n'
    const tenant = policy('tenant', `service: inventory, routes: ${routes}`, 'bulkhead: {maxConcurrent: 4}')
    const made = await startProxy(sidecar(1, ['inventory'], [tenant, inbound]))
    t.teardown(() => made.stop())
    const page = await open(t, made)
    const rows = page.locator('#policy tbody tr')
    await rows.nth(1).waitFor(SHOWN)
    const told = (await rows.allInnerTexts()).join('\n')
    t.match(told, 'outbound to inventory: * (x-tenant: gold), /watch (streams)')
    t.match(told, 'port 8080: every request')
  })

  t.test('A policy that was changed where it stands is shown as it is now', async (t) => {
    const text = (blocks: string) => sidecar(1, ['inventory'], [policy('guard', 'service: inventory', blocks)])
    const made = await startProxy(text('timeout: {request: 2s}'))
    t.teardown(() => made.stop())
    const page = await open(t, made)
    const row = page.locator('#policy tbody tr', { hasText: 'guard' })
    await row.filter({ hasText: 'timeout' }).waitFor(SHOWN)
    await page.getByLabel('Explain a URL').fill('http://inventory/')
    await page.keyboard.press('Enter')
    const explained = page.locator('#explained')
    await explained.filter({ hasText: 'inventory' }).waitFor(SHOWN)
    t.notMatch(await explained.innerText(), 'shadow')
    writeFileSync(join(made.folder, 'policy.yaml'), text('bulkhead: {maxConcurrent: 4, mode: shadow}'))
    t.ok(made.reload())
    await row.filter({ hasText: 'bulkhead, shadow' }).waitFor(SHOWN)
    t.notMatch(await row.innerText(), 'timeout')
    await explained.filter({ hasText: 'shadow' }).waitFor(SHOWN)
  })

  t.test('Of two reloads that fail the report of the second is shown', async (t) => {
    const made = await startGuarded(t, 1)
    const page = await open(t, made)
    const report = page.locator('#reload-report')
    writeFileSync(join(made.folder, 'policy.yaml'), 'kind: Polcy\n')
    t.notOk(made.reload())
    await report.filter({ hasText: "found 'Polcy'" }).waitFor(SHOWN)
    writeFileSync(join(made.folder, 'policy.yaml'), 'kind: Policy\nname: guard\nmtch: {}\n')
    t.notOk(made.reload())
    await report.filter({ hasText: "unknown key 'mtch'" }).waitFor(SHOWN)
    t.notMatch(await report.innerText(), 'Polcy')
  })

  t.test('A way that died without a word is given up, and another is taken', async (t) => {
    const made = await startGuarded(t, 1)
    const way = await startWay(t, made.admin)
    const page = await open(t, { ...made, admin: way.port }, 'about:blank', WIDE)
    await page.clock.install()
    await page.goto(`http://127.0.0.1:${way.port}/`)
    await page.waitForSelector('.link.live', SHOWN)
    way.die()
    await page.clock.fastForward(4000)
    await page.locator('.link.lost', { hasText: 'stale since' }).waitFor(SHOWN)
    await page.clock.fastForward(10_000)
    await page.waitForSelector('.link.live', SHOWN)
  })

  // The browser says of its own accord that the sidecar was gone.
  t.same(
    wrong.filter((what) => !/ERR_(?:CONNECTION_REFUSED|INCOMPLETE)/.test(what)),
    [],
    'no error, and no request to anybody else',
  )
})
