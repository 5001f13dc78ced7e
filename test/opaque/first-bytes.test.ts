import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import net from 'node:net'
import t from 'tap'
import { Changes } from '../support/changes.ts'
import { type ProxyOptions, services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'
import { policy } from '../support/scene.ts'
import { BARE } from '../support/redirected-world.ts'

const COUNT = 60

/** A ClientHello of a browser's size that names nobody. */
function hello(): Buffer {
  const size = 1800
  const bytes = Buffer.alloc(size)
  bytes.set([22, 3, 1, (size - 5) >> 8, (size - 5) & 255, 1, 0, (size - 9) >> 8, (size - 9) & 255])
  return bytes
}

/** Bytes of buffers that are alive. */
async function held(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 20; i++) await turn()
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

interface Way {
  readonly what: string
  readonly yaml: (port: number) => string
  readonly options: (port: number) => Partial<ProxyOptions>
  /** What stands before the bytes. */
  readonly opening: string
}

const WAYS: readonly Way[] = [
  {
    what: 'A connection that passes as bytes',
    yaml: () => BARE,
    options: (port) => ({ redirectedFrom: () => ({ host: '127.0.0.1', port }) }),
    opening: '',
  },
  {
    what: 'A tunnel that is looked into',
    yaml: (port) => services({ origin: port }, policy('bulkhead: {maxConcurrent: 100}')),
    options: () => ({}),
    opening: 'CONNECT origin:80 HTTP/1.1\r\nHost: origin:80\r\n\r\n',
  },
]

for (const { what, yaml, options, opening } of WAYS)
  t.test(`${what} does not hold what it began with`, async (t) => {
    const changes = new Changes()
    let came = 0
    const origin = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        came += chunk.length
        changes.happened()
      })
    })
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
    const { port } = origin.address() as net.AddressInfo
    const proxy = await startProxy(yaml(port), options(port))
    t.teardown(async () => {
      await proxy.stop()
      origin.close()
    })
    const bytes = hello()
    const before = await held()
    for (let i = 1; i <= COUNT; i++) {
      const client = net.connect(proxy.outbound, '127.0.0.1')
      t.teardown(() => client.destroy())
      await once(client, 'connect')
      client.write(opening)
      // What comes is not kept, for it would be in such a pool as well.
      if (opening !== '') await once(client, 'data')
      client.write(bytes)
      await changes.when(
        `all of connection ${i}`,
        () => came === i * bytes.length,
        () => `${came} bytes`,
      )
      // What else the process does: Node cuts small buffers from pools of 64 KiB, each of which one of them keeps alive.
      for (let j = 0; j < 70; j++) Buffer.allocUnsafe(1000)
    }
    const kept = ((await held()) - before) / COUNT / 1024
    t.ok(kept < 10, `${kept.toFixed(1)} KiB for each`)
  })
