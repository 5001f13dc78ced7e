import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { answerIn, LeanClient } from '../../src/demo/lean-client.ts'

t.test('answerIn() knows where an answer ends', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\n'
  const cases: [string, boolean, { status: number; close: boolean } | undefined][] = [
    ['HTTP/1.1 200', false, undefined],
    [`${head}Content-Length: 2\r\n\r\no`, false, undefined],
    [`${head}Content-Length: 2\r\n\r\nok`, false, { status: 200, close: false }],
    [`${head}Content-Length: 0\r\nConnection: close\r\n\r\n`, false, { status: 200, close: true }],
    ['HTTP/1.1 204 No Content\r\n\r\n', false, { status: 204, close: false }],
    [`${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`, false, undefined],
    [`${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, false, { status: 200, close: false }],
    [`${head}\r\nuntil the end`, false, undefined],
    [`${head}\r\nuntil the end`, true, { status: 200, close: true }],
    [`${head}Content-Length: 9\r\n\r\ncut`, true, undefined],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', false, { status: 204, close: false }],
  ]
  for (const [text, ended, answer] of cases) t.same(answerIn(text, ended), answer, JSON.stringify(text))
})

t.test('LeanClient.send uses a connection again, and tells of one that breaks', async (t) => {
  const sockets = new Set<unknown>()
  const server = createServer((request, response) => {
    sockets.add(request.socket)
    if (request.url === '/cut') request.socket.destroy()
    else response.end('hello')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = new LeanClient(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(() => {
    client.close()
    server.close()
  })
  const ask = (path: string): Promise<number> =>
    new Promise((resolve) => {
      client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`, resolve)
    })
  t.same([await ask('/'), await ask('/'), await ask('/')], [200, 200, 200])
  t.equal(sockets.size, 1)
  t.equal(await ask('/cut'), 0)
  t.equal(await ask('/'), 200)
  t.equal(sockets.size, 2)
})

t.test('LeanClient.send answers 0 where nobody listens', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const client = new LeanClient(`127.0.0.1:${port}`)
  t.equal(await new Promise((resolve) => client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n', resolve)), 0)
})
