import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { askStock, clientSettings, type StockAnswer } from '../../src/demo/stock-client.ts'

t.test('clientSettings() has the libraries’ own figures, and scales them', async (t) => {
  t.match(clientSettings('feign', 1), { read: 10_000, attempts: 3 })
  t.same([1, 2, 9].map((made) => clientSettings('feign', 1).backoff(made)).map(Math.round), [150, 225, 1000])
  t.match(clientSettings('dubbo', 10), { read: 500, attempts: 3 })
  t.equal(clientSettings('none', 10).read, Number.POSITIVE_INFINITY)
  t.throws(() => clientSettings('netty', 1), /'netty': one of none, feign, dubbo/)
})

async function ask(
  client: string,
  scale: number,
  answers: (number | undefined)[],
): Promise<StockAnswer & { seen: string[] }> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host} ${request.url}`)
    const status = answers[seen.length - 1]
    if (status !== undefined) response.writeHead(status, { 'x-outrigger-reason': 'why' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const agent = new Agent({ keepAlive: true })
  const connect = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const answer = await new Promise<StockAnswer>((resolve) => {
    askStock(agent, { connect, byName: true }, clientSettings(client, scale), 'a b', 2, resolve)
  })
  agent.destroy()
  server.closeAllConnections()
  server.close()
  return { ...answer, seen }
}

t.test('askStock() asks by name, and takes an answer for an answer', async (t) => {
  t.match(await ask('feign', 100, [503]), {
    ...{ status: 503, failure: '', reason: 'why', calls: 1 },
    seen: ['inventory http://inventory/api/stock/a%20b?quantity=2'],
  })
})

t.test('askStock() asks again where nothing came, as often as the library does', async (t) => {
  t.match(await ask('feign', 10, [undefined, 200]), { status: 200, calls: 2 })
  t.match(await ask('dubbo', 200, []), { status: 0, failure: 'timeout', calls: 3 })
})
