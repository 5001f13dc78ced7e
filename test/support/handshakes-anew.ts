/** A client of TLS 1.2 that asks for one handshake after another in its connection (RFC 5246 §7.4.1.1): records of our own beneath Node's. */
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
  // Of the ServerHello, behind the heads of record and message and the version.
  const serverRandom = Buffer.concat(came).subarray(11, 43)
  const seed = Buffer.concat([Buffer.from('key expansion'), serverRandom, Buffer.from(clientRandom, 'hex')])
  const block = prf(Buffer.from(master, 'hex'), seed)
  const key = block.subarray(0, 16)
  const salt = block.subarray(32, 36)
  // Finished was the first.
  let sequence = 1n
  const record = (type: number, content: Buffer) => {
    const explicit = Buffer.alloc(8)
    explicit.writeBigUInt64BE(sequence++)
    const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([salt, explicit]))
    cipher.setAAD(Buffer.concat([explicit, Buffer.of(type, 3, 3, 0, content.length)]))
    const body = Buffer.concat([explicit, cipher.update(content), cipher.final(), cipher.getAuthTag()])
    return Buffer.concat([Buffer.of(type, 3, 3, 0, body.length), body])
  }
  return {
    wire,
    hellos: (count) => Buffer.concat(Array.from({ length: count }, () => record(22, Buffer.of(1, 0, 0, 0)))),
    text: (text) => record(23, Buffer.from(text)),
  }
}

/** RFC 5246 §5: 64 bytes of it. */
function prf(secret: Buffer, seed: Buffer): Buffer {
  const hmac = (data: Buffer) => createHmac('sha256', secret).update(data).digest()
  const first = hmac(seed)
  return Buffer.concat([hmac(Buffer.concat([first, seed])), hmac(Buffer.concat([hmac(first), seed]))])
}
