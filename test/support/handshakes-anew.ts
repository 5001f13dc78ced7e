/** Peers of TLS 1.2 that ask for one handshake after another in their connection (RFC 5246 §7.4.1): records of our own beneath Node's. */
import { createCipheriv, createHmac } from 'node:crypto'
import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import type { Test } from 'tap'

export interface Renegotiator {
  readonly wire: net.Socket
  /** Returns `count` records, each of which begins a ClientHello. */
  hellos(count: number): Buffer
  /** A record of the application's. */
  text(text: string): Buffer
}

/** The handshake is over, and nothing is read any more. */
export async function renegotiator(t: Test, port: number, options: tls.ConnectionOptions): Promise<Renegotiator> {
  const wire = net.connect(port, '127.0.0.1')
  t.teardown(() => wire.destroy())
  wire.on('error', () => {})
  const came: Buffer[] = []
  const between = new Duplex({ read() {}, write: (chunk, _encoding, done) => void wire.write(chunk, () => done()) })
  wire.on('data', (chunk: Buffer) => {
    came.push(chunk)
    between.push(chunk)
  })
  const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256'
  const socket = tls.connect({ ...options, socket: between, servername: 'app.test', maxVersion: 'TLSv1.2', ciphers })
  socket.on('error', () => {})
  let clientRandom = ''
  let master = ''
  socket.on('keylog', (line: Buffer) => {
    const [, random = '', secret = ''] = line.toString().trim().split(' ')
    clientRandom = random
    master = secret
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    wire.once('close', () => reject(new Error('closed')))
  })
  // From here on Node's side hears nothing, and so says nothing.
  wire.removeAllListeners('data').pause()
  const record = recorder(Buffer.concat(came), clientRandom, master, 'client')
  return {
    wire,
    hellos: (count) => Buffer.concat(Array.from({ length: count }, () => record(22, Buffer.of(1, 0, 0, 0)))),
    text: (text) => record(23, Buffer.from(text)),
  }
}

/** What a server may do in its own connection: `requests(n)` are HelloRequests, each of which asks for another handshake (§7.4.1.1). */
export interface Restless {
  readonly wire: net.Socket
  requests(count: number): Buffer
  content(bytes: Buffer): Buffer
}

/** An origin of TLS 1.2 of which each connection is the test's once its handshake is over, and reads nothing from then on. */
export async function restlessOrigin(t: Test, pair: tls.TLSSocketOptions, alpn: string) {
  const connections: Restless[] = []
  const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256'
  const secureContext = tls.createSecureContext({ ...pair, maxVersion: 'TLSv1.2', ciphers })
  const server = net.createServer((wire) => {
    t.teardown(() => wire.destroy())
    wire.on('error', () => {})
    const sent: Buffer[] = []
    const between = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        sent.push(Buffer.from(chunk))
        wire.write(chunk, () => done())
      },
    })
    wire.on('data', (chunk: Buffer) => void between.push(chunk))
    const options = { isServer: true, secureContext, ALPNProtocols: [alpn] }
    const socket = new tls.TLSSocket(between as unknown as net.Socket, options)
    socket.on('error', () => {})
    let said = ['', '', '']
    socket.on('keylog', (line: Buffer) => {
      said = line.toString().trim().split(' ')
    })
    socket.once('secure', () => {
      wire.removeAllListeners('data').pause()
      const [, random = '', master = ''] = said
      const record = recorder(Buffer.concat(sent), random, master, 'server')
      connections.push({
        wire,
        requests: (count) => Buffer.concat(Array.from({ length: count }, () => record(22, Buffer.alloc(4)))),
        content: (bytes) => record(23, bytes),
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { port: (server.address() as net.AddressInfo).port, connections }
}

/** `hello`: begins with the record of the ServerHello. */
function recorder(hello: Buffer, clientRandom: string, master: string, side: 'client' | 'server') {
  // Behind the heads of record and message and the version.
  const serverRandom = hello.subarray(11, 43)
  const seed = Buffer.concat([Buffer.from('key expansion'), serverRandom, Buffer.from(clientRandom, 'hex')])
  const block = prf(Buffer.from(master, 'hex'), seed)
  const key = side === 'client' ? block.subarray(0, 16) : block.subarray(16, 32)
  const salt = side === 'client' ? block.subarray(32, 36) : block.subarray(36, 40)
  // Finished was the first.
  let sequence = 1n
  return (type: number, content: Buffer) => {
    const explicit = Buffer.alloc(8)
    explicit.writeBigUInt64BE(sequence++)
    const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([salt, explicit]))
    cipher.setAAD(Buffer.concat([explicit, Buffer.of(type, 3, 3, 0, content.length)]))
    const body = Buffer.concat([explicit, cipher.update(content), cipher.final(), cipher.getAuthTag()])
    return Buffer.concat([Buffer.of(type, 3, 3, 0, body.length), body])
  }
}

/** RFC 5246 §5: 64 bytes of it. */
function prf(secret: Buffer, seed: Buffer): Buffer {
  const hmac = (data: Buffer) => createHmac('sha256', secret).update(data).digest()
  const first = hmac(seed)
  return Buffer.concat([hmac(Buffer.concat([first, seed])), hmac(Buffer.concat([hmac(first), seed]))])
}
