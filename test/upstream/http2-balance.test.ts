/** Balancing by the request over shared HTTP/2 connections. */
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Via } from '../../src/core/via.ts'
import { HEADERS, MAX_CONCURRENT_STREAMS, NO_ERROR, REFUSED_STREAM } from '../../src/http2/frames.ts'
import { MODULES } from '../../src/policies/index.ts'
import type { RetryConfig } from '../../src/policies/retry/policy.ts'
import { createBalancer } from '../../src/upstream/balance/create.ts'
import { DnsService, type Lookup } from '../../src/upstream/discovery/dns-service.ts'
import { toEndpoint } from '../../src/upstream/endpoint.ts'
import { createPick } from '../../src/upstream/service.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { everywhere, respond, until } from '../support/http2-pool-world.ts'
import {
  goaway,
  http2Client,
  type Http2Peer,
  type Http2RawOrigin,
  http2RawOrigin,
  request,
  reset,
} from '../support/http2-raw.ts'
import { startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'
import { Seeded } from '../support/seeded.ts'
import { Client, requestHead, testScope } from '../support/stubs.ts'

async function sidecar(
  t: Test,
  origins: readonly Http2RawOrigin[],
  more = '',
  algorithm = 'leastRequest',
): Promise<Http2Peer> {
  const list = origins.map(({ port }) => `"127.0.0.1:${port}"`).join(', ')
  const yaml = `kind: Sidecar
name: test
accessLog: {format: none}
---
kind: Service
name: origin
protocol: http2
endpoints: [${list}]
loadBalancing: {algorithm: ${algorithm}}
${more}`
  const proxy = await startProxy(yaml, { random: new Seeded(7) })
  t.teardown(() => proxy.stop())
  return http2Client(t, proxy.outbound)
}

function streamsOf(origin: Http2RawOrigin): number {
  return everywhere(origin).reduce((sum, n) => sum + n, 0)
}

/** Streams whose answer is for the test to give. */
function open(origin: Http2RawOrigin): { peer: Http2Peer; id: number }[] {
  return origin.peers.flatMap((peer) =>
    peer.frames.filter(({ type }) => type === HEADERS).map(({ id }) => ({ peer, id })),
  )
}

t.test('leastRequest counts streams, not connections', async (t) => {
  const origins = [await http2RawOrigin(t, () => {}), await http2RawOrigin(t, () => {})]
  const [one, two] = origins as [Http2RawOrigin, Http2RawOrigin]
  const client = await sidecar(t, origins)
  for (let i = 0; i < 40; i++) client.send(request(2 * i + 1))
  await until('all requests', () => streamsOf(one) + streamsOf(two) === 40)
  t.equal(streamsOf(one), 20)
  t.equal(one.peers.length, 1)
  t.equal(two.peers.length, 1)
  for (const { peer, id } of open(one)) respond(peer, id, 'x')
  for (const { id } of open(one)) t.ok(id > 0)
  await client.when('twenty answers', () => client.dataBytes === 20)
  for (let i = 40; i < 60; i++) client.send(request(2 * i + 1))
  await until('all requests', () => streamsOf(one) + streamsOf(two) === 60)
  t.equal(streamsOf(one), 40, 'all of them went to the one with nothing to do')
})

for (const [what, spoil] of [
  ['refuses every stream', (peer: Http2Peer, id: number) => peer.send(reset(id, REFUSED_STREAM))],
  ['goes away before it looks at one', (peer: Http2Peer) => peer.send(goaway(0, NO_ERROR))],
] as const) {
  t.test(`An endpoint that ${what}: the requests go to one not tried, also without a policy`, async (t) => {
    const bad = await http2RawOrigin(t, (peer) => {
      peer.onFrame = ({ type, id }) => {
        if (type === HEADERS) spoil(peer, id)
      }
    })
    const good = await http2RawOrigin(t, (peer) => {
      peer.onFrame = ({ type, id }) => {
        if (type === HEADERS) respond(peer, id, 'x')
      }
    })
    const client = await sidecar(t, [bad, good])
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 10; i++) client.send(request(2 * (round * 10 + i) + 1))
      await client.when('the answers', () => client.dataBytes === 10 * (round + 1))
    }
    const statuses = client.frames.filter(({ type }) => type === HEADERS).map((one) => client.fieldsOf(one)[0]?.[1])
    t.strictSame(
      statuses.filter((status) => status !== '200'),
      [],
    )
    t.ok(streamsOf(bad) > 0, 'some were tried there')
    t.equal(streamsOf(good), 100)
  })
}

t.test(
  'A burst to an upstream that allows few streams costs no request: new connections begin with as many',
  async (t) => {
    const FEW = 2
    const few = await http2RawOrigin(
      t,
      (peer) => {
        let running = 0
        peer.onFrame = ({ type, id }) => {
          if (type !== HEADERS) return
          if (running === FEW) {
            peer.send(reset(id, REFUSED_STREAM))
            return
          }
          running++
          setImmediate(() => {
            running--
            respond(peer, id, 'x')
          })
        }
      },
      { settings: [[MAX_CONCURRENT_STREAMS, FEW]] },
    )
    const client = await sidecar(t, [few])
    const ids = Array.from({ length: 10 }, (_, i) => 2 * i + 1)
    client.send(...ids.map((id) => request(id)))
    t.strictSame(
      await Promise.all(ids.map((id) => client.status(id))),
      ids.map(() => 200),
    )
  },
)

t.test('A retry goes to an endpoint not tried', async (t) => {
  const origins: Http2RawOrigin[] = []
  for (let i = 0; i < 3; i++) {
    origins.push(
      await http2RawOrigin(t, (peer) => {
        peer.onFrame = ({ type, id }) => {
          if (type === HEADERS) peer.send(reset(id, 2))
        }
      }),
    )
  }
  const policy = '---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\nretry: {max: 2}\n'
  const client = await sidecar(t, origins, policy)
  for (let i = 0; i < 3; i++) {
    client.send(request(2 * i + 1))
    await client.head(2 * i + 1)
  }
  t.strictSame(origins.map(streamsOf), [3, 3, 3])
})

t.test('hash keeps the calls of one user together, on connections that they share with others', async (t) => {
  const origins = await Promise.all(
    [0, 1, 2].map(() =>
      http2RawOrigin(t, (peer) => {
        peer.onFrame = ({ type, id }) => {
          if (type === HEADERS) respond(peer, id, 'x')
        }
      }),
    ),
  )
  const client = await sidecar(t, origins, '', 'hash, hashOn: "header:x-user"')
  let sent = 0
  for (let user = 0; user < 8; user++) {
    const before = origins.map(streamsOf)
    for (let i = 0; i < 6; i++) client.send(request(2 * sent++ + 1, { fields: [['x-user', `u${user}`]] }))
    await client.when('the answers', () => client.dataBytes === sent)
    const got = origins.map((origin, i) => streamsOf(origin) - before[i]!)
    t.strictSame(got.toSorted(), [0, 0, 6], `user ${user}`)
  }
  t.ok(origins.filter((origin) => streamsOf(origin) > 0).length >= 2)
})

// ---------------------------------------------------------------- endpoints that come and go

const LOOPBACKS = ['127.0.0.1', '127.0.0.2', '127.0.0.3']

/** The same port on each of these addresses. */
async function replicas(t: Test, hosts: readonly string[]): Promise<{ port: number; asked: number[] }> {
  let port = 0
  const asked = hosts.map(() => 0)
  for (const [i, host] of hosts.entries()) {
    const server = http2.createServer({ settings: { maxConcurrentStreams: 100 } }, (_request, response) => {
      asked[i]!++
      setImmediate(() => response.end('hi'))
    })
    await new Promise<void>((resolve) => server.listen(port, host, resolve))
    port = (server.address() as AddressInfo).port
    t.teardown(() => server.close())
  }
  return { port, asked }
}

t.test('Endpoints that DNS takes away under load cost no request', async (t) => {
  const { port, asked } = await replicas(t, LOOPBACKS)
  const clock = new FakeClock()
  let found: readonly string[] = LOOPBACKS
  const lookup: Lookup = (_name, done) => done(null, found)
  const settings = {
    maxPerEndpoint: 4,
    idle: 4000,
    maxAge: 600_000,
    http2Streams: 1,
    limits: { maxHeaderBytes: 65_536, maxHeaders: 200 },
    believesPeer: false,
    protocol: 'http2',
    hostHeader: 'keep',
    tls: undefined,
  } as const
  const context = {
    clock,
    random: new Seeded(3),
    violation() {},
    defect: (where: string, e: unknown) => t.fail(`${where} ${e}`),
  }
  const service = new DnsService(
    'shop',
    { name: 'shop.test', port, refresh: 1000 },
    createBalancer({ algorithm: 'leastRequest', hashOn: '' }, new Seeded(4)),
    settings,
    context,
    { singleAddress() {}, failed() {}, found() {} },
    lookup,
  )
  const config: RetryConfig = {
    max: 0,
    when: [],
    methods: 'idempotent',
    unsafe: false,
    backoff: { base: 1, max: 1, jitter: 'none' },
    budget: { percent: 0.2, window: 10_000, minPerSecond: 3 },
    maxBodyBytes: 0,
  }
  const { request: retry } = MODULES.retry.create(config as never, testScope({ service: 'shop' }))
  const dispatch = retry!(createPick(service, [], context, new Via('test'), toEndpoint))
  const clients: Client[] = []
  for (let round = 0; round < 60; round++) {
    // Four streams to an endpoint, so that some wait in its line.
    for (let i = 0; i < 6 && clients.filter(({ over }) => !over).length < 14; i++) {
      const client = new Client()
      clients.push(client)
      dispatch(requestHead(), client).end()
    }
    await turn()
    if (round % 4 !== 0) continue
    found = LOOPBACKS.filter((_, i) => i !== round % 3)
    clock.advance(1010)
  }
  await until('all answers', () => clients.every(({ over }) => over))
  t.strictSame(
    clients.filter(({ error }) => error !== undefined).map(({ error }) => `${error?.reason} ${error?.cause}`),
    [],
  )
  t.ok(clients.length > 100, `${clients.length} requests`)
  t.ok(
    asked.every((n) => n > 0),
    asked.join(),
  )
  service.close()
})
