import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { EventParser, openEvents } from '../../../cmd/top/event-stream.ts'

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** What a stream of that server came to. */
async function failure(t: Test, answer: RequestListener, silence = 5000): Promise<string> {
  const server = createHttpServer(answer)
  const port = await listen(t, server)
  const said = await ended(port, silence)
  server.closeAllConnections()
  return said.replace(String(port), 'PORT')
}

function ended(port: number, silence = 5000): Promise<string> {
  return new Promise((resolve) => {
    openEvents({ host: '127.0.0.1', port }, '/events', silence, { event: () => {}, failed: resolve })
  })
}

t.test('Events are found however the text is cut', (t) => {
  const text =
    'retry: 1000\nevent: hello\ndata: {"a":1}\n\nevent: frame\ndata: {"b":"x"}\n\ndata: 3\n\n: nothing\n\nevent: f'
  for (let size = 1; size < text.length; size++) {
    const found: string[] = []
    const parser = new EventParser((name, data) => found.push(`${name} ${data}`))
    for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size))
    t.strictSame(found, ['hello {"a":1}', 'frame {"b":"x"}', 'message 3'], `pieces of ${size}`)
  }
  t.end()
})

t.test('What goes wrong is a sentence', async (t) => {
  const silent = createServer()
  const port = await listen(t, silent)
  silent.close()
  t.match(await ended(port), /^nothing listens on 127\.0\.0\.1:\d+: is the sidecar running/)
  const stream = { 'content-type': 'text/event-stream; charset=utf-8' }
  t.equal(
    await failure(t, (_request, response) => response.writeHead(200, stream).end('data: 1\n\n')),
    '127.0.0.1:PORT has ended the stream',
  )
  t.match(
    await failure(t, (_request, response) => response.writeHead(404).end('{}')),
    /answers 404: that is not the admin listener/,
  )
  t.match(
    await failure(t, (_request, response) => response.end('<html>')),
    /answers 200: that is not the admin listener/,
  )
  const many = '{"error":{"reason":"too_many_streams","message":"16 streams are open"}}'
  t.equal(
    await failure(t, (_request, response) => response.writeHead(503).end(many)),
    '127.0.0.1:PORT: 16 streams are open',
  )
  const foreign = '{"error":{"reason":"foreign_host","message":"Host must be an address or localhost"}}'
  t.equal(
    await failure(t, (_request, response) => response.writeHead(403).end(foreign)),
    '127.0.0.1:PORT: Host must be an address or localhost',
  )
  t.match(await failure(t, () => {}, 50), /says nothing for 0\.05 s/)
})

t.test('Somebody who speaks something else is told of as such', async (t) => {
  const server = createServer((socket) => socket.end('SSH-2.0-x\r\n').on('error', () => {}))
  t.match(await ended(await listen(t, server)), /does not speak HTTP/)
})
