import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import net from 'node:net'
import t from 'tap'
import { Changes } from '../support/changes.ts'
import { startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'
import { BARE } from '../support/redirected-world.ts'

const COUNT = 60

/** A ClientHello of a browser's size that names nobody. */
function hello(): Buffer {
  const size = 1800
  const bytes = Buffer.alloc(size)
  bytes.set([22, 3, 1, (size - 5) >> 8, (size - 5) & 255, 1, 0, (size - 9) >> 8, (size - 9) & 255])
  return bytes
}

t.test('A connection that passes as bytes does not hold what it began with', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
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
  const proxy = await startProxy(BARE, { redirectedFrom: () => ({ host: '127.0.0.1', port }) })
  t.teardown(async () => {
    await proxy.stop()
    origin.close()
  })
  const bytes = hello()
  collect()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 1; i <= COUNT; i++) {
    const client = await connect(proxy.outbound)
    t.teardown(() => client.destroy())
    client.send(bytes)
    await changes.when(
      `all of connection ${i}`,
      () => came === i * bytes.length,
      () => `${came} bytes`,
    )
    // What else the process does: Node cuts small buffers from pools of 64 KiB, each of which one of them keeps alive.
    for (let j = 0; j < 70; j++) Buffer.allocUnsafe(1000)
  }
  collect()
  const kept = (process.memoryUsage().arrayBuffers - before) / COUNT / 1024
  t.ok(kept < 10, `${kept.toFixed(1)} KiB for each`)
})
