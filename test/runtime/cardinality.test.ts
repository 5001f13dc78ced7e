/** What strangers make up is no label and takes no room: the small sister of `npm run soak:cardinality`. */
import t from 'tap'
import { admin, answer, get, metric, request } from '../support/ask.ts'
import type { Proxy as Sidecar } from '../support/proxy.ts'
import type { RawSocket } from '../support/raw.ts'
import { answering } from '../support/raw-origin.ts'
import { OK, policy, scene } from '../support/scene.ts'

const UNIMPLEMENTED =
  'HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nGrpc-Status: 12\r\nContent-Length: 0\r\n\r\n'

/** Those of the process are Node's own, a closed list that grows as things happen to it. */
async function series(proxy: Sidecar): Promise<string[]> {
  const text = (await admin(proxy, '/metrics')).body.toString()
  const lines = text.split('\n').filter((line) => line !== '' && !/^(#|nodejs_|process_)/.test(line))
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')))
}

/** One after the other on one connection; which statuses came. */
async function ask(connection: RawSocket, texts: readonly string[]): Promise<Set<number>> {
  const statuses = new Set<number>()
  let from = connection.received.length
  for (const text of texts) {
    connection.send(text)
    const got = await answer(connection, from, text.slice(0, text.indexOf(' ')))
    from = got.next
    statuses.add(got.status)
  }
  return statuses
}

function numbered(from: number, to: number, of: (i: number) => string): string[] {
  return Array.from({ length: to - from }, (_, i) => of(from + i))
}

t.test('Hosts, paths, methods, keys and gRPC methods that nobody configured make no series', async (t) => {
  const { proxy, client } = await scene(
    t,
    answering((got) => (got.start.startsWith('POST') ? UNIMPLEMENTED : OK)),
    {
      inbound: true,
      yaml: policy('rateLimit: {rate: 1/h, burst: 1, key: [source, path, "header:x-key"]}', '{direction: inbound}'),
    },
  )
  const connection = await client()
  const round = async (from: number, to: number) => {
    const free = (i: number) => request(`M${i} /p/${i}?q=${i}`, [`Host: h${i}.test`, `X-Key: ${i}`])
    const grpc = (i: number) =>
      request(`POST /p${i}.S/M${i}`, [`Host: g${i}`, `X-Key: g${i}`, 'Content-Type: application/grpc'])
    t.same(await ask(connection, numbered(from, to, free)), new Set([200]))
    t.same(await ask(connection, numbered(from, to, grpc)), new Set([200]))
    t.same(await ask(connection, [free(from)]), new Set([429]), 'the key is known')
  }
  await round(0, 20)
  const before = await series(proxy)
  await round(20, 220)
  t.same(await series(proxy), before)
  t.notOk(before.some((line) => /h19|\/p\/|M19|p19/.test(line)))
  t.equal(await metric(proxy, 'outrigger_rate_limit_keys'), 440)
  t.equal(await metric(proxy, 'outrigger_series_dropped_total'), 0)
})

t.test('Nor do hosts that nobody serves', async (t) => {
  const { proxy, client } = await scene(
    t,
    answering(() => OK),
  )
  const connection = await client()
  const hosts = (from: number, to: number) => numbered(from, to, (i) => get(`/${i}`, `Host: stranger-${i}.test`))
  t.same(await ask(connection, hosts(0, 10)), new Set([404]))
  const before = await series(proxy)
  t.same(await ask(connection, hosts(10, 200)), new Set([404]))
  t.same(await series(proxy), before)
})
