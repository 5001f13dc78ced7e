/** HTTP/2 through a sidecar, with Node's own client and server on the outside. */
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { services, startProxy } from '../support/proxy.ts'

interface Answer {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader
  readonly trailers: http2.IncomingHttpHeaders | undefined
  readonly body: Buffer
  readonly code: number
}

function call(session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers)
    const chunks: Buffer[] = []
    let head: Answer['headers'] = {}
    let trailers: Answer['trailers']
    stream.on('response', (fields) => {
      head = fields
    })
    stream.on('trailers', (fields) => {
      trailers = fields
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => resolve({ headers: head, trailers, body: Buffer.concat(chunks), code: stream.rstCode }))
    stream.end(body)
  })
}

interface PlainAnswer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: Buffer
}

function http1Call(port: number, host: string, body: Buffer): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', path: '/there', method: 'POST', headers: { host } })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode = 0, headers, trailers } = response
        resolve({ status: statusCode, headers, trailers, body: Buffer.concat(chunks) })
      })
    })
    request.end(body)
  })
}

function connect(t: Test, port: number): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  return session
}

type Handler = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void

async function http2Origin(t: Test, handler: Handler): Promise<number> {
  const server = http2.createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

async function http1Origin(t: Test, handler: http.RequestListener): Promise<number> {
  const server = http.createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Sends back what came, with a trailer. */
const echo: Handler = (request, response) => {
  response.setHeader('x-method', request.method)
  response.setHeader('x-path', request.url)
  response.setHeader('x-authority', request.authority)
  response.setHeader('trailer', 'x-sum')
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    response.write(chunk)
  })
  request.on('end', () => {
    response.addTrailers({ 'x-sum': String(size) })
    response.end()
  })
}

t.test('HTTP/2 to HTTP/2: head, body both ways, trailers', async (t) => {
  const port = await http2Origin(t, echo)
  const proxy = await startProxy(services({ origin: port }))
  t.teardown(() => proxy.stop())
  const session = connect(t, proxy.outbound)
  for (const size of [0, 1, 1000, 16_384, 100_000, 2_000_000]) {
    const body = Buffer.alloc(size, 'ab')
    const answer = await call(session, { ':method': 'POST', ':path': `/echo?${size}`, ':authority': 'origin' }, body)
    t.equal(answer.headers[':status'], 200)
    t.equal(answer.headers['x-path'], `/echo?${size}`)
    t.equal(answer.headers['x-authority'], 'origin')
    t.ok(answer.body.equals(body), `${size} bytes came back`)
    // Node's server sends no trailers behind a head without a body.
    if (size > 0) t.equal(answer.trailers?.['x-sum'], String(size))
  }
})

t.test('HTTP/2 to HTTP/1.1 and HTTP/1.1 to HTTP/2', async (t) => {
  const one = await http1Origin(t, (request, response) => {
    response.setHeader('x-version', request.httpVersion)
    request.pipe(response)
  })
  const two = await http2Origin(t, echo)
  const yaml = services({ one, two })
    .replace('name: one\n', 'name: one\nprotocol: http1\n')
    .replace('name: two\n', 'name: two\nprotocol: http2\n')
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  const session = connect(t, proxy.outbound)
  const body = Buffer.alloc(300_000, 'xyz')
  const answer = await call(session, { ':method': 'PUT', ':path': '/', ':authority': 'one' }, body)
  t.equal(answer.headers[':status'], 200)
  t.equal(answer.headers['x-version'], '1.1')
  t.ok(answer.body.equals(body))

  const plain = await http1Call(proxy.outbound, 'two', body)
  t.equal(plain.status, 200)
  t.equal(plain.headers['x-path'], '/there')
  t.ok(plain.body.equals(body))
  t.equal(plain.trailers['x-sum'], '300000')
})

t.test('Many streams at once, on one connection', async (t) => {
  const port = await http2Origin(t, echo)
  const proxy = await startProxy(services({ origin: port }))
  t.teardown(() => proxy.stop())
  const session = connect(t, proxy.outbound)
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) =>
      call(session, { ':method': 'POST', ':path': `/${i}`, ':authority': 'origin' }, Buffer.from(`body ${i}`)),
    ),
  )
  t.strictSame(
    answers.map(({ body }) => body.toString()),
    answers.map((_, i) => `body ${i}`),
  )
})
