import dns, { ADDRCONFIG, type LookupAddress, type LookupOptions } from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import t, { type Test } from 'tap'
import { createBalancer } from '../../src/upstream/balance/create.ts'
import { DnsService, type Lookup } from '../../src/upstream/discovery/dns-service.ts'
import { ask, eventually, get, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startProxy } from '../support/proxy.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { HI } from '../support/scene.ts'
import { fixedRandom } from '../support/stubs.ts'

type Found = readonly string[] | string

/** Answers look-ups from a list: addresses, or the code of an error. The last one stays. */
function resolving(answers: Found[]) {
  const clock = new FakeClock()
  const said: string[] = []
  let asked = 0
  const lookup: Lookup = (name, done) => {
    said.push(`ask ${name}`)
    const found = answers[Math.min(asked++, answers.length - 1)] as Found
    if (typeof found === 'string') done(Object.assign(new Error(`failed ${found}`), { code: found }), [])
    else done(null, found)
  }
  const limits = { maxHeaderBytes: 65_536, maxHeaders: 200 }
  const service = new DnsService(
    'shop',
    { name: 'shop.test', port: 8080, refresh: 10_000 },
    createBalancer({ algorithm: 'roundRobin', hashOn: '' }, fixedRandom()),
    {
      maxPerEndpoint: 4,
      idle: 4000,
      maxAge: 600_000,
      http2Streams: 100,
      limits,
      believesPeer: false,
      protocol: 'auto',
      hostHeader: 'keep',
      tls: undefined,
    },
    { clock, random: fixedRandom(), violation() {}, defect: (where, error) => t.fail(`${where}: ${error}`) },
    {
      singleAddress: (_service, name) => void said.push(`single ${name}`),
      failed: (_service, name, cause) => void said.push(`${name}: ${cause}`),
      found() {},
    },
    lookup,
  )
  const addresses = (): string[] => service.endpoints.map(({ address }) => address)
  return { service, clock, said, addresses }
}

t.test('DnsService looks up at once and again every refresh; an endpoint that stays is the same one', (t) => {
  const { service, clock, addresses } = resolving([
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.2', 'fd00::3'],
  ])
  t.strictSame(addresses(), ['10.0.0.1:8080', '10.0.0.2:8080'])
  const kept = service.endpoints[1]
  clock.advance(9_990)
  t.strictSame(addresses(), ['10.0.0.1:8080', '10.0.0.2:8080'])
  clock.advance(20)
  t.strictSame(addresses(), ['10.0.0.2:8080', '[fd00::3]:8080'])
  t.equal(service.endpoints[0], kept)
  service.close()
  t.equal(clock.pending, 0)
  t.end()
})

t.test('DnsService keeps the last answer over failures of any number', (t) => {
  const { service, clock, addresses, said } = resolving([['10.0.0.1', '10.0.0.2'], 'EAI_AGAIN'])
  for (let i = 0; i < 5; i++) clock.advance(10_010)
  t.strictSame(addresses(), ['10.0.0.1:8080', '10.0.0.2:8080'])
  t.equal(said.filter((line) => line === 'shop.test: failed EAI_AGAIN').length, 5)
  service.close()
  t.end()
})

t.test('DnsService is emptied by two "no such name" in a row, and filled again', (t) => {
  const { service, clock, addresses } = resolving([
    ['10.0.0.1', '10.0.0.2'],
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENOTFOUND',
    'ENOTFOUND',
    ['10.0.0.9', '10.0.0.8'],
  ])
  const counts: number[] = []
  for (let i = 0; i < 5; i++) {
    clock.advance(10_010)
    counts.push(addresses().length)
  }
  t.strictSame(counts, [2, 2, 2, 0, 2])
  t.strictSame(addresses(), ['10.0.0.9:8080', '10.0.0.8:8080'])
  service.close()
  t.end()
})

t.test('DnsService says once that one address may stand for many', (t) => {
  const { service, clock, said } = resolving([['10.0.0.1']])
  for (let i = 0; i < 3; i++) clock.advance(10_010)
  t.strictSame(
    said.filter((line) => line.startsWith('single')),
    ['single shop.test'],
  )
  service.close()
  t.end()
})

t.test('DnsService closed during a look-up asks no more', (t) => {
  let answer: (() => void) | undefined
  const clock = new FakeClock()
  const limits = { maxHeaderBytes: 65_536, maxHeaders: 200 }
  const service = new DnsService(
    'shop',
    { name: 'shop.test', port: 80, refresh: 1000 },
    createBalancer({ algorithm: 'random', hashOn: '' }, fixedRandom()),
    {
      maxPerEndpoint: 4,
      idle: 4000,
      maxAge: 600_000,
      http2Streams: 100,
      limits,
      believesPeer: false,
      protocol: 'auto',
      hostHeader: 'keep',
      tls: undefined,
    },
    { clock, random: fixedRandom(), violation() {}, defect() {} },
    { singleAddress() {}, failed() {}, found() {} },
    (_name, done) => {
      answer = () => done(null, ['10.0.0.1'])
    },
  )
  service.close()
  answer?.()
  t.strictSame(service.endpoints, [])
  t.equal(clock.pending, 0)
  t.end()
})

t.test('A service by DNS is reached by its name, and warns of its one address', async (t) => {
  const origin = await startRawOrigin(HI)
  t.teardown(() => origin.close())
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: shop\ndns: {name: 127.0.0.1, port: ${origin.port}}\n`,
  )
  t.teardown(() => proxy.stop())
  await eventually('the look-up', async () => (await state(proxy)).endpoints.length === 1)
  t.equal((await ask(proxy.outbound, get('/', 'Host: shop'))).status, 200)
  t.match(proxy.log.join('\n'), /warn one address for a service by DNS .*W013/)
})

/** The resolver of a machine that has no address of IPv6, for a name of both families. */
function withoutIpv6(t: Test): void {
  const both: LookupAddress[] = [
    { address: '127.0.0.1', family: 4 },
    { address: '2001:db8::1', family: 6 },
  ]
  const { restore } = t.intercept(dns, 'lookup', {
    value(_name: string, { hints = 0 }: LookupOptions, done: (error: null, found: LookupAddress[]) => void) {
      const configured = (hints & ADDRCONFIG) === 0 ? both : both.slice(0, 1)
      setImmediate(() => done(null, configured))
    },
  })
  syncBuiltinESMExports()
  t.teardown(() => {
    restore()
    syncBuiltinESMExports()
  })
}

t.test('A name of both families has no endpoint over the one that the machine has no address of', async (t) => {
  withoutIpv6(t)
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: shop\ndns: {name: shop.test, port: 80}\n',
  )
  t.teardown(() => proxy.stop())
  await eventually('the look-up', async () => (await state(proxy)).endpoints.length > 0)
  t.match((await state(proxy)).endpoints, [{ address: '127.0.0.1:80' }])
  t.equal((await state(proxy)).endpoints.length, 1)
})
