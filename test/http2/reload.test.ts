/** A reload while streams are open: none is dropped, old connections finish, new requests meet what is new. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HEADERS, MAX_CONCURRENT_STREAMS, NO_ERROR } from '../../src/http2/frames.ts'
import { everywhere, peerOf, requestsOf, respond, until } from '../support/http2-pool-world.ts'
import { data, http2Client, type Http2RawOrigin, http2RawOrigin, request } from '../support/http2-raw.ts'
import { startProxy } from '../support/proxy.ts'
import { answering, startRawOrigin } from '../support/raw-origin.ts'
import { OK as PLAIN_OK } from '../support/scene.ts'

function text(port: number, protocol: string, policy = ''): string {
  const sidecar = 'kind: Sidecar\nname: test\naccessLog: {format: none}\n'
  const service = `kind: Service\nname: origin\nprotocol: ${protocol}\nendpoints: ["127.0.0.1:${port}"]\n`
  const rules = `kind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\n${policy}\n`
  return [sidecar, service, ...(policy === '' ? [] : [rules])].join('---\n')
}

function total(origin: Http2RawOrigin): number {
  return everywhere(origin).reduce((sum, n) => sum + n, 0)
}

t.test('Policies are swapped while 1 000 streams are open: each gets its answer', async (t) => {
  const origin = await http2RawOrigin(t, () => {}, { settings: [[MAX_CONCURRENT_STREAMS, 1000]] })
  const proxy = await startProxy(text(origin.port, 'http2', 'timeout: {request: 60s}'))
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  await client.settled()
  for (let i = 0; i < 1000; i++) client.send(request(2 * i + 1, { method: 'PUT', open: true }))
  await until('all requests', () => total(origin) === 1000)
  for (let round = 0; round < 5; round++) {
    const policy = `timeout: {request: ${30 + round}s}\nretry: {max: ${round}}\nbulkhead: {maxConcurrent: ${2000 + round}}`
    writeFileSync(join(proxy.folder, 'policy.yaml'), text(origin.port, 'http2', policy))
    t.ok(proxy.reload(), proxy.log.at(-1) ?? '')
  }
  const connections = origin.peers.length
  // The bodies of their requests still go where they began, and so do the answers.
  for (let i = 0; i < 1000; i++) client.send(data(2 * i + 1, 'ab', true))
  await until('all bodies', () => origin.peers.reduce((sum, peer) => sum + peer.dataBytes, 0) === 2000)
  for (const peer of origin.peers) for (const id of requestsOf(peer)) respond(peer, id, 'x')
  await client.when('all answers', () => client.dataBytes === 1000)
  const heads = client.frames.filter(({ type }) => type === HEADERS)
  t.equal(heads.length, 1000)
  t.ok(heads.every((head) => client.fieldsOf(head)[0]?.[1] === '200'))
  t.notOk(client.saidGoaway)
  t.equal(origin.peers.length, connections, 'a service that has not changed keeps its connections')
})

t.test(
  'A Service that moves: its streams finish where they are, new ones go where it is, the old connection ends',
  async (t) => {
    const [before, after] = [await http2RawOrigin(t, () => {}), await http2RawOrigin(t, () => {})]
    const proxy = await startProxy(text(before.port, 'http2'))
    t.teardown(() => proxy.stop())
    const client = await http2Client(t, proxy.outbound)
    client.send(request(1))
    const old = await peerOf(before, 0)
    await old.head(1)
    writeFileSync(join(proxy.folder, 'policy.yaml'), text(after.port, 'http2'))
    t.ok(proxy.reload())
    client.send(request(3))
    const young = await peerOf(after, 0)
    await young.head(1)
    t.notOk(old.ended, 'somebody waits for it')
    respond(old, 1, 'old')
    await client.finished(1)
    t.equal(await old.goaway(), NO_ERROR)
    await old.untilEnded()
    respond(young, 1, 'new')
    await client.finished(3)
    t.strictSame(await Promise.all([client.status(1), client.status(3)]), [200, 200])
  },
)

t.test('A Service whose protocol changes: old streams finish in the old one, new requests go by the new', async (t) => {
  const two = await http2RawOrigin(t, () => {})
  const one = await startRawOrigin(answering(() => PLAIN_OK))
  t.teardown(() => one.close())
  const proxy = await startProxy(text(two.port, 'http2'))
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.send(request(1))
  const old = await peerOf(two, 0)
  await old.head(1)
  writeFileSync(join(proxy.folder, 'policy.yaml'), text(one.port, 'http1'))
  t.ok(proxy.reload())
  client.send(request(3))
  await client.finished(3)
  t.equal(await client.status(3), 200)
  t.equal(one.requests.length, 1)
  respond(old, 1, 'old')
  await client.finished(1)
  await old.untilEnded()
})
