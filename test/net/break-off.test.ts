/** Whatever state a connection is in: it is broken off, and is gone. */
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { breakOff } from '../../src/net/encrypted.ts'
import { Authority } from '../support/certificates.ts'

const authority = new Authority('root')
const LARGE = Buffer.alloc(16 * 1024 * 1024)

interface Ends {
  readonly near: net.Socket
  /** `near` says that it is closed. */
  readonly gone: Promise<unknown>
  readonly far: net.Socket
}

/** Two ends of a connection, each of which may be half closed. */
async function connected(t: Test, encrypted: boolean): Promise<Ends> {
  const { promise, resolve } = Promise.withResolvers<net.Socket>()
  const options = { allowHalfOpen: true }
  const server = encrypted
    ? tls.createServer({ ...options, ...authority.issue({ names: ['near.test'] }) }, resolve)
    : net.createServer(options, resolve)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as net.AddressInfo
  const tcp = net.connect({ port, host: '127.0.0.1', ...options })
  const near = encrypted ? tls.connect({ ...options, socket: tcp, ca: authority.cert, servername: 'near.test' }) : tcp
  await new Promise((ready) => near.once(encrypted ? 'secureConnect' : 'connect', ready))
  const far = await promise
  far.on('error', () => {})
  // Before that a server of TLS takes a reset for an end.
  near.write('hello')
  await new Promise((heard) => far.once('data', heard))
  t.teardown(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  near.on('error', () => {})
  return { near, far, gone: new Promise((closed) => near.once('close', closed)) }
}

/** Whether what the other end sent looks whole to this one; once it is over. */
function looksWhole(far: net.Socket): Promise<boolean> {
  return new Promise((resolve) => {
    far.once('end', () => resolve(true))
    far.once('close', () => resolve(false))
    far.resume()
  })
}

for (const encrypted of [false, true]) {
  const name = encrypted ? 'TLS' : 'TCP'

  t.test(`${name}: what is broken off does not look whole`, async (t) => {
    const { near, far, gone } = await connected(t, encrypted)
    const whole = looksWhole(far)
    breakOff(near)
    t.notOk(await whole)
    await gone
  })

  t.test(`${name}: nor where a FIN waits behind what the kernel did not take`, async (t) => {
    const { near, far, gone } = await connected(t, encrypted)
    near.write(LARGE)
    near.end()
    await new Promise(setImmediate)
    t.ok(near.writableLength > 0)
    const whole = looksWhole(far)
    breakOff(near)
    t.notOk(await whole)
    await gone
  })

  t.test(`${name}: where a FIN is on its way, the connection is gone all the same`, async (t) => {
    const { near, far, gone } = await connected(t, encrypted)
    let failed: Error | undefined
    near.on('error', (error) => (failed = error))
    near.write('all of it')
    near.end()
    breakOff(near)
    await gone
    t.equal(failed, undefined)
    await looksWhole(far)
  })
}
