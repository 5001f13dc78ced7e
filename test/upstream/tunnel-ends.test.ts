/** Ends of tunnels that come at an odd moment: before they are connected, to who does not read, and by a reset over TLS. */
import net from 'node:net'
import tls from 'node:tls'
import t from 'tap'
import { eventually, get, request, settled } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'
import { policy, scene } from '../support/scene.ts'
import { listening, PemFolder } from '../support/tls.ts'

const UPGRADE = ['Connection: Upgrade', 'Upgrade: x']
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
const authority = new Authority('root')

/** Sockets of this process that are connected to this port. */
function socketsTo(port: number): number {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()
  return handles.filter((one) => one instanceof net.Socket && one.remotePort === port && !one.destroyed).length
}

for (const looked of [true, false]) {
  t.test(
    `A FIN right behind the first bytes reaches the endpoint${looked ? ' of a tunnel that is looked into' : ''}`,
    async (t) => {
      const { client, origin } = await scene(
        t,
        async (peer) => {
          await peer.untilEnded()
          peer.send('answer to all of it')
          peer.halfClose()
        },
        { yaml: looked ? policy('bulkhead: {maxConcurrent: 100}') : '' },
      )
      const asker = await client()
      asker.send(request('CONNECT origin:80', ['Host: origin:80']))
      await asker.until('\r\n\r\n')
      asker.send('\x00\x01 a protocol that reads to the end')
      asker.halfClose()
      const peer = await origin.peer(0)
      await peer.until('reads to the end')
      await peer.untilEnded()
      t.equal(peer.ending, 'fin')
      await asker.until('answer to all of it')
    },
  )
}

for (const how of ['Upgrade', 'CONNECT']) {
  t.test(`An endpoint that ends a tunnel and takes nothing is given up after half a minute (${how})`, async (t) => {
    const clock = new FakeClock()
    const { client, origin, proxy } = await scene(
      t,
      async (peer) => {
        if (how === 'CONNECT') return
        await peer.request()
        peer.send(SWITCHED)
      },
      { clock },
    )
    const asker = await client()
    asker.send(how === 'Upgrade' ? get('/', ...UPGRADE) : request('CONNECT origin:80', ['Host: origin:80']))
    await asker.until('\r\n\r\n')
    const peer = await origin.peer(0)
    peer.socket.pause()
    asker.send(Buffer.alloc(40_000_000, 'a'))
    let before = -1
    await eventually('a client that waits', async () => {
      const { writableLength } = asker.socket
      const same = writableLength === before && writableLength > 0
      before = writableLength
      await settled(proxy)
      return same
    })
    peer.halfClose()
    await asker.untilEnded()
    await settled(proxy)
    asker.destroy()
    const pass = async (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        clock.advance(1000)
        await settled(proxy)
      }
    }
    await pass(25)
    t.equal(socketsTo(origin.port), 1)
    await pass(10)
    t.equal(socketsTo(origin.port), 0)
  })
}

for (const secure of [false, true]) {
  t.test(`What a client breaks off is a reset for the endpoint${secure ? ' over TLS' : ''}`, async (t) => {
    const ended = Promise.withResolvers<string>()
    const begun = Promise.withResolvers<void>()
    const serve = (socket: net.Socket): void => {
      socket.on('end', () => ended.resolve('end'))
      socket.on('error', (error: NodeJS.ErrnoException) => ended.resolve(error.code ?? ''))
      socket.once('data', () => {
        socket.write(SWITCHED)
        socket.on('data', () => begun.resolve())
      })
    }
    const { cert, key } = authority.issue({ names: ['shop.test'] })
    const server = secure
      ? tls.createServer({ cert, key, allowHalfOpen: true } as tls.TlsOptions, serve)
      : net.createServer({ allowHalfOpen: true }, serve)
    const port = await listening(t, server)
    const ca = new PemFolder(t).write('ca.pem', authority.cert)
    const proxy = await startProxy(
      'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
        `kind: Service\nname: shop\nprotocol: http1\nendpoints: ["127.0.0.1:${port}"]\n` +
        (secure ? `tls: {ca: ${ca}, serverName: shop.test}\n` : ''),
    )
    t.teardown(() => proxy.stop())
    const client = await connect(proxy.outbound)
    client.send(get('/', 'Host: shop', ...UPGRADE))
    await client.until('\r\n\r\n')
    client.send('half of someth')
    await begun.promise
    client.reset()
    t.equal(await ended.promise, 'ECONNRESET')
  })
}
