/** WebSocket through both listeners, with a client and a server that know nothing of us. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { services, startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'

interface Scene {
  readonly server: WebSocketServer
  readonly http: http.Server
  /** Connections that the server has taken. */
  readonly sockets: WebSocket[]
  /** Through either listener. */
  open(path?: string, options?: { protocols?: string[]; perMessageDeflate?: boolean }): WebSocket
}

/** `either`: inbound dials the listener itself, outbound names the service in Host. */
async function scene(t: Test, either: 'inbound' | 'outbound'): Promise<Scene> {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: true })
  const sockets: WebSocket[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('message', (data, binary) => socket.send(data, { binary }))
    // Clients that terminate reset what is on its way to them, and that reaches the server.
    socket.on('error', () => {})
  })
  const origin = http.createServer((_request, response) => response.end('plain'))
  origin.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nX-A: b\r\n\r\nno!')
    else server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const { port } = origin.address() as AddressInfo
  const proxy = await startProxy(services({ chat: port }), { app: port })
  t.teardown(async () => {
    for (const socket of sockets) socket.terminate()
    await proxy.stop()
    origin.closeAllConnections()
    await new Promise((resolve) => origin.close(resolve))
  })
  return {
    server,
    http: origin,
    sockets,
    open(path = '/', options = {}) {
      const url = `ws://127.0.0.1:${proxy[either]}${path}`
      const { protocols = [], perMessageDeflate = true } = options
      return new WebSocket(url, protocols, {
        perMessageDeflate,
        headers: { Host: either === 'outbound' ? 'chat' : 'app' },
      })
    },
  }
}

function event<T>(socket: WebSocket, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    socket.once(name, (...values: unknown[]) => resolve(values as T))
    if (name !== 'error') socket.once('error', reject)
  })
}

for (const either of ['inbound', 'outbound'] as const) {
  t.test(`${either}: messages come back as they were sent, in order`, async (t) => {
    const { open } = await scene(t, either)
    const client = open()
    await event(client, 'open')
    const sent = ['hello', '', 'ä€𝄞', 'x'.repeat(126), 'y'.repeat(70_000)]
    const came: string[] = []
    const all = new Promise<void>((resolve) => {
      client.on('message', (data) => {
        came.push(String(data))
        if (came.length === sent.length) resolve()
      })
    })
    for (const text of sent) client.send(text)
    await all
    t.ok(came.every((text, i) => text === sent[i]))
    client.close()
    await event(client, 'close')
  })

  t.test(`${either}: a message of 5 MB and a thousand small ones`, async (t) => {
    const { open } = await scene(t, either)
    const client = open('/', { perMessageDeflate: false })
    await event(client, 'open')
    const large = Buffer.alloc(5_000_000, 'outrigger')
    client.send(large)
    const [back] = await event<[Buffer]>(client, 'message')
    t.ok(large.equals(back))
    let count = 0
    const all = new Promise<void>((resolve) => {
      client.on('message', (data) => {
        if (String(data) !== `message ${count}`) t.fail(`${data} instead of message ${count}`)
        if (++count === 1000) resolve()
      })
    })
    for (let i = 0; i < 1000; i++) client.send(`message ${i}`)
    await all
    client.close()
    await event(client, 'close')
  })

  t.test(`${either}: the close handshake goes both ways with code and reason`, async (t) => {
    const { open, sockets } = await scene(t, either)
    const first = open()
    await event(first, 'open')
    const seen = event<[number, Buffer]>(sockets[0] as WebSocket, 'close')
    first.close(4001, 'bye')
    const [code, reason] = await seen
    t.equal(code, 4001)
    t.equal(String(reason), 'bye')
    t.equal(first.readyState === WebSocket.CLOSED || (await event<[number]>(first, 'close'))[0] === 4001, true)
    const second = open()
    await event(second, 'open')
    const told = event<[number, Buffer]>(second, 'close')
    ;(sockets[1] as WebSocket).close(1001, 'going')
    const [code2, reason2] = await told
    t.equal(code2, 1001)
    t.equal(String(reason2), 'going')
  })

  t.test(`${either}: ping and pong pass`, async (t) => {
    const { open, sockets } = await scene(t, either)
    const client = open()
    await event(client, 'open')
    client.ping('are you there')
    t.equal(String((await event<[Buffer]>(client, 'pong'))[0]), 'are you there')
    ;(sockets[0] as WebSocket).ping('and you')
    t.equal(String((await event<[Buffer]>(sockets[0] as WebSocket, 'pong'))[0]), 'and you')
    client.terminate()
  })

  t.test(`${either}: a subprotocol is agreed`, async (t) => {
    const { open } = await scene(t, either)
    const client = open('/', { protocols: ['chat.v2', 'chat.v1'] })
    await event(client, 'open')
    t.equal(client.protocol, 'chat.v2')
    client.terminate()
  })

  t.test(`${either}: a server that refuses the upgrade is heard, body and fields`, async (t) => {
    const { open } = await scene(t, either)
    const client = open('/refused')
    client.on('error', () => {})
    const [, response] = await event<[http.ClientRequest, http.IncomingMessage]>(client, 'unexpected-response')
    t.equal(response.statusCode, 403)
    t.equal(response.headers['x-a'], 'b')
    let body = ''
    for await (const chunk of response) body += chunk
    t.equal(body, 'no!')
    client.terminate()
  })

  t.test(`${either}: a client that leaves ends the connection to the server`, async (t) => {
    const { open, sockets } = await scene(t, either)
    const client = open()
    await event(client, 'open')
    const left = event<[number]>(sockets[0] as WebSocket, 'close')
    client.terminate()
    t.equal((await left)[0], 1006)
  })

  t.test(`${either}: a server that dies ends the connection to the client`, async (t) => {
    const { open, sockets } = await scene(t, either)
    const client = open()
    await event(client, 'open')
    const left = event<[number]>(client, 'close')
    ;(sockets[0] as WebSocket).terminate()
    t.equal((await left)[0], 1006)
  })
}

t.test(
  'bytes sent right behind the upgrade request reach the server, and those behind the 101 the client',
  async (t) => {
    const origin = http.createServer()
    let came = ''
    const all = new Promise<void>((resolve) => {
      origin.on('upgrade', (_request, socket, head) => {
        const note = (chunk: Buffer) => {
          came += chunk
          if (came === 'early late') resolve()
        }
        note(head)
        socket.on('data', note)
        // A proxy that stops breaks a tunnel off.
        socket.on('error', () => {})
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nbehind')
      })
    })
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
    const { port } = origin.address() as AddressInfo
    const proxy = await startProxy(services({ chat: port }))
    const client = await connect(proxy.outbound)
    client.send('GET / HTTP/1.1\r\nHost: chat\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nearly ')
    const text = await client.until('\r\n\r\nbehind')
    t.match(text, /^HTTP\/1\.1 101 /)
    t.match(text, /\r\nupgrade: raw\r\n/i)
    t.match(text, /\r\nconnection: upgrade\r\n/i)
    client.send('late')
    await all
    client.destroy()
    await proxy.stop()
    origin.closeAllConnections()
    origin.close()
  },
)

t.test('a half-closed tunnel still carries what was under way, then both ends are closed', async (t) => {
  const origin = http.createServer()
  let heard = ''
  let ended = false
  origin.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n')
    socket.on('data', (chunk: Buffer) => {
      heard += chunk
    })
    socket.on('end', () => {
      ended = true
      socket.end('all that is left')
    })
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const { port } = origin.address() as AddressInfo
  const proxy = await startProxy(services({ chat: port }))
  const client = await connect(proxy.outbound)
  client.send('GET / HTTP/1.1\r\nHost: chat\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n')
  await client.until('101')
  client.send('last words').halfClose()
  await client.untilEnded()
  t.match(client.text, /all that is left$/)
  t.equal(client.ending, 'fin')
  t.equal(heard, 'last words')
  t.ok(ended)
  client.destroy()
  await proxy.stop()
  origin.closeAllConnections()
  origin.close()
})
