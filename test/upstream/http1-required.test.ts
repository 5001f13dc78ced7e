/** An upstream that asks for HTTP/1.1 instead of HTTP/2 (RFC 9113 §7, HTTP_1_1_REQUIRED). */
import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { acceptOf } from '../../src/http/websocket.ts'
import {
  DATA,
  ENABLE_CONNECT_PROTOCOL,
  END_STREAM,
  HEADERS,
  HTTP_1_1_REQUIRED,
  INTERNAL_ERROR,
  PREFACE,
} from '../../src/http2/frames.ts'
import { ask, field, get, post } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { block, data, goaway, headers, http2Client, Http2Peer, request, reset, settings } from '../support/http2-raw.ts'
import { type Proxy as Sidecar, type ProxyOptions, startProxy } from '../support/proxy.ts'
import { Seeded } from '../support/seeded.ts'
import { connect, turn } from '../support/raw.ts'
import { listening, PemFolder } from '../support/tls.ts'

const authority = new Authority('root')
const { cert, key } = authority.issue({ names: ['shop.test'] })
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

interface Upstream {
  readonly port: number
  /** Connections of HTTP/2. */
  readonly peers: Http2Peer[]
  /** What was asked for in HTTP/1.1: method, path and bytes of body. */
  readonly asked: string[]
}

/** Both versions: HTTP/2 as `play` has it, HTTP/1.1 with a hi. */
async function upstream(t: Test, secure: boolean, play: (peer: Http2Peer) => void): Promise<Upstream> {
  const peers: Http2Peer[] = []
  const asked: string[] = []
  const http1 = http.createServer((message, response) => {
    let bytes = 0
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    message.on('end', () => {
      asked.push(`${message.method} ${message.url} ${bytes}`)
      response.end('over 1.1')
    })
  })
  http1.on('upgrade', (message, socket) => {
    asked.push(`upgrade ${message.url}`)
    socket.write('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n')
    socket.write(`Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\nhello `)
  })
  t.teardown(() => http1.closeAllConnections())
  const http2 = (socket: net.Socket) => {
    const peer = new Http2Peer(socket, true)
    peers.push(peer)
    peer.send(settings([[ENABLE_CONNECT_PROTOCOL, 1]]))
    play(peer)
  }
  const server = secure
    ? tls.createServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
        if (socket.alpnProtocol === 'h2') http2(socket)
        else http1.emit('connection', socket)
      })
    : net.createServer((socket) => {
        socket.once('data', (chunk) => {
          socket.unshift(chunk)
          if (chunk[0] === PREFACE[0] && chunk[1] === PREFACE[1]) http2(socket)
          else http1.emit('connection', socket)
        })
      })
  return { port: await listening(t, server), peers, asked }
}

async function start(t: Test, upstreams: readonly Upstream[], service: string, options: ProxyOptions = {}) {
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const list = upstreams.map(({ port }) => `"127.0.0.1:${port}"`).join(', ')
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
      `kind: Service\nname: shop\nendpoints: [${list}]\n${service.replace('TLS', `tls: {ca: ${ca}, serverName: shop.test}`)}\n` +
      '---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\nretry: {max: 0}\n',
    options,
  )
  t.teardown(() => proxy.stop())
  return proxy
}

function streamsOf({ peers }: Upstream): number {
  return peers.reduce((sum, { frames }) => sum + frames.filter(({ type }) => type === HEADERS).length, 0)
}

/** Resets every request once its body is whole. */
function refuses(peer: Http2Peer): void {
  peer.onFrame = ({ type, id, flags }) => {
    if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) peer.send(reset(id, HTTP_1_1_REQUIRED))
  }
}

async function hi(t: Test, proxy: Sidecar, text: string): Promise<void> {
  const got = await ask(proxy.outbound, text)
  t.equal(got.status, 200, got.body.toString())
  t.equal(got.body.toString(), 'over 1.1')
}

const HOST = 'Host: shop'

t.test(
  'RST_STREAM with HTTP_1_1_REQUIRED: the request is sent again over HTTP/1.1, and later ones at once',
  async (t) => {
    const clock = new FakeClock()
    const origin = await upstream(t, true, refuses)
    const proxy = await start(t, [origin], 'TLS', { clock })
    await hi(t, proxy, post('/a', 'x'.repeat(20_000), HOST))
    t.strictSame(origin.asked, ['POST /a 20000'])
    t.equal(streamsOf(origin), 1)
    await hi(t, proxy, get('/b', HOST))
    await hi(t, proxy, get('/c', HOST))
    t.equal(streamsOf(origin), 1, 'remembered')
    for (let i = 0; i < 610; i++) {
      clock.advance(1000)
      if (i % 10 === 0) await turn()
    }
    await hi(t, proxy, get('/d', HOST))
    t.equal(streamsOf(origin), 2, 'forgotten after ten minutes')
    t.equal(origin.asked.length, 4)
  },
)

t.test('An answer that has begun is not asked for again, and the client is not told to use HTTP/1.1', async (t) => {
  const origin = await upstream(t, true, (peer) => {
    peer.onFrame = ({ type, id }) => {
      if (type !== HEADERS) return
      peer.send(headers(id, block([[':status', '200']])), data(id, 'hi'), reset(id, HTTP_1_1_REQUIRED))
    }
  })
  const proxy = await start(t, [origin], 'TLS')
  const client = await http2Client(t, proxy.outbound)
  client.send(request(1, { authority: 'shop' }))
  t.equal(await client.status(1), 200)
  t.equal(await client.resetCode(1), INTERNAL_ERROR)
  t.strictSame(origin.asked, [])
})

t.test('GOAWAY with HTTP_1_1_REQUIRED: what it leaves out goes over HTTP/1.1', async (t) => {
  const origin = await upstream(t, true, (peer) => {
    peer.onFrame = ({ type }) => {
      if (type === HEADERS) peer.send(goaway(0, HTTP_1_1_REQUIRED))
    }
  })
  const proxy = await start(t, [origin], 'TLS')
  await hi(t, proxy, post('/a', 'x', HOST))
  await hi(t, proxy, get('/b', HOST))
  t.strictSame(origin.asked, ['POST /a 1', 'GET /b 0'])
  t.equal(streamsOf(origin), 1)
})

t.test('GOAWAY with HTTP_1_1_REQUIRED: of what it may have begun, only what is idempotent goes again', async (t) => {
  for (const [text, status] of [
    [get('/a', HOST), 200],
    [post('/a', 'x', HOST), 502],
  ] as const) {
    const origin = await upstream(t, true, (peer) => {
      peer.onFrame = ({ type, flags }) => {
        if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0)
          peer.send(goaway(1, HTTP_1_1_REQUIRED)).socket.end()
      }
    })
    const proxy = await start(t, [origin], 'TLS')
    t.equal((await ask(proxy.outbound, text)).status, status)
    await hi(t, proxy, get('/b', HOST))
    t.equal(streamsOf(origin), 1)
  }
})

t.test('Where HTTP/2 is what is configured, HTTP_1_1_REQUIRED is an error', async (t) => {
  for (const secure of [true, false]) {
    const origin = await upstream(t, secure, refuses)
    const proxy = await start(t, [origin], `${secure ? 'TLS\n' : ''}protocol: http2`)
    const got = await ask(proxy.outbound, get('/', HOST))
    t.equal(got.status, 502)
    t.equal(field(got, 'x-outrigger-reason'), 'upstream_reset')
    t.strictSame(origin.asked, [])
  }
})

t.test('The endpoint that asked for HTTP/1.1 is the one that is asked again', async (t) => {
  for (let seed = 1; seed < 6; seed++) {
    const both = [await upstream(t, true, refuses), await upstream(t, true, refuses)] as const
    const proxy = await start(t, both, 'TLS', { random: new Seeded(seed) })
    await hi(t, proxy, get('/', HOST))
    for (const one of both) t.equal(streamsOf(one), one.asked.length)
  }
})

t.test('In plain text, where the upstream is spoken to as the client came, it is HTTP/1.1 then', async (t) => {
  const origin = await upstream(t, false, refuses)
  const proxy = await start(t, [origin], 'protocol: auto')
  const client = await http2Client(t, proxy.outbound)
  for (const id of [1, 3]) {
    client.send(request(id, { authority: 'shop' }))
    t.equal(await client.status(id), 200)
  }
  t.strictSame(origin.asked, ['GET / 0', 'GET / 0'])
  t.equal(streamsOf(origin), 1)
})

t.test('A WebSocket that is to be one of HTTP/1.1 is, and other requests stay in HTTP/2', async (t) => {
  const origin = await upstream(t, false, (peer) => {
    peer.onFrame = (one) => {
      if (one.type !== HEADERS) return
      const connects = peer.fieldsOf(one).some(([, value]) => value === 'CONNECT')
      if (connects) peer.send(reset(one.id, HTTP_1_1_REQUIRED))
      else peer.send(headers(one.id, block([[':status', '204']]), true))
    }
  })
  const proxy = await start(t, [origin], 'protocol: http2')
  for (let i = 0; i < 2; i++) {
    const client = await connect(proxy.outbound)
    t.teardown(() => client.destroy())
    client.send(get('/chat', HOST, 'Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Key: ${KEY}`))
    await client.until('hello ')
  }
  t.equal((await ask(proxy.outbound, get('/', HOST))).status, 204)
  t.strictSame(origin.asked, ['upgrade /chat', 'upgrade /chat'])
  t.equal(streamsOf(origin), 2, 'one WebSocket and the other request')
})

t.test('A gRPC call stays in HTTP/2, whatever the upstream wants for others', async (t) => {
  const paths: string[] = []
  const origin = await upstream(t, false, (peer) => {
    peer.onFrame = (one) => {
      if (one.type !== HEADERS) return
      const path = peer.fieldsOf(one).find(([name]) => name === ':path')?.[1] as string
      paths.push(path)
      peer.send(
        path === '/grpc'
          ? headers(
              one.id,
              block([
                [':status', '200'],
                ['grpc-status', '0'],
              ]),
              true,
            )
          : reset(one.id, HTTP_1_1_REQUIRED),
      )
    }
  })
  const proxy = await start(t, [origin], '')
  const client = await http2Client(t, proxy.outbound)
  const grpc = {
    method: 'POST',
    authority: 'shop',
    fields: [
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ],
  } as const
  client.send(request(1, { path: '/ntlm', authority: 'shop' }))
  t.equal(await client.status(1), 200)
  client.send(request(3, { path: '/grpc', ...grpc }))
  t.equal(await client.status(3), 200)
  client.send(request(5, { path: '/refused', ...grpc }))
  t.match(await client.head(5), [[':status', '200']], 'a status of gRPC')
  t.same(origin.asked, ['GET /ntlm 0'])
  t.same(paths, ['/ntlm', '/grpc', '/refused'])
})
