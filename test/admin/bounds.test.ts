/** What readers of the admin listener cannot do, whoever reaches it. */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type AdminSource, startAdmin } from '../../src/admin/index.ts'
import { MOST_FROM_ONE } from '../../src/admin/peers.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** More than the buffers of the kernel take. */
const LARGE = 'm'.repeat(20 * 1024 * 1024)

class Scene {
  readonly clock = new FakeClock()
  port = 0
  made = 0
  #wake = () => {}

  async start(t: Test): Promise<this> {
    const source = {
      live: () => true,
      metrics: async () => {
        this.made++
        this.#wake()
        return { type: 'text/plain', text: LARGE }
      },
      tap: () => {
        this.#wake()
        return () => {}
      },
    }
    const admin = await startAdmin({ host: '127.0.0.1', port: 0 }, source as unknown as AdminSource, this.clock)
    t.teardown(() => admin.close())
    this.port = Number(admin.address.slice(admin.address.lastIndexOf(':') + 1))
    return this
  }

  asked(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  async open(t: Test, localAddress = '127.0.0.1'): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1', localAddress })
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    await new Promise<void>((resolve) => socket.once('connect', resolve))
    return socket
  }
}

function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`
}

/** All that comes until the connection ends. */
function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.resume()
  return new Promise((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks).toString())))
}

async function ask(t: Test, scene: Scene, path: string, from?: string): Promise<string> {
  const socket = await scene.open(t, from)
  const got = read(socket)
  socket.write(get(path, 'Connection: close\r\n'))
  return got
}

t.test(
  'A reader that leaves its answer lying is let go, and till then others are told that there is no room',
  async (t) => {
    const scene = await new Scene().start(t)
    const sleeper = await scene.open(t)
    sleeper.pause()
    const asked = scene.asked()
    sleeper.write(get('/metrics'))
    await asked
    t.match(await ask(t, scene, '/metrics'), /^HTTP\/1.1 503 [\s\S]*"busy"/)
    t.match(await ask(t, scene, '/livez'), /^HTTP\/1.1 200 /, 'a probe is answered')
    scene.clock.advance(30_010)
    const rest = await read(sleeper)
    t.ok(rest.length < LARGE.length, 'it ended before its end')
    t.match((await ask(t, scene, '/metrics')).slice(0, 20), /^HTTP\/1.1 200 /)
    t.equal(scene.clock.pending, 0, 'nothing is left of answers that were taken')
  },
)

t.test('A request behind one that is not answered yet ends the connection', async (t) => {
  const scene = await new Scene().start(t)
  const socket = await scene.open(t)
  const ended = read(socket)
  socket.write(get('/metrics').repeat(1000))
  await ended
  t.equal(scene.made, 1)
  t.match(await ask(t, scene, '/livez'), /^HTTP\/1.1 200 /)
})

t.test('One after the other they are answered on one connection', async (t) => {
  const scene = await new Scene().start(t)
  const socket = await scene.open(t)
  for (let i = 0; i < 3; i++) {
    socket.write(get('/livez'))
    const [chunk] = (await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (...got: Buffer[]) => resolve(got)),
    )) as [Buffer]
    t.match(chunk.toString(), /^HTTP\/1.1 200 /)
  }
})

t.test('Whoever holds as many connections as one address may have takes none from others', async (t) => {
  const scene = await new Scene().start(t)
  const held: Socket[] = []
  for (let i = 0; i < MOST_FROM_ONE; i++) held.push(await scene.open(t))
  t.equal(await ask(t, scene, '/livez'), '', 'one too many')
  t.match(await ask(t, scene, '/livez', '127.0.0.2'), /^HTTP\/1.1 200 /)
  const [first] = held as [Socket]
  const gone = read(first)
  first.write(get('/livez', 'Connection: close\r\n'))
  await gone
  t.match(await ask(t, scene, '/livez'), /^HTTP\/1.1 200 /, 'one has left')
})

t.test('The kernel asks the reader of a quiet tap whether it is still there', async (t) => {
  const scene = await new Scene().start(t)
  const socket = await scene.open(t)
  const asked = scene.asked()
  socket.write(get('/tap'))
  await asked
  await new Promise<void>((resolve) => socket.once('data', () => resolve()))
  const hex = (port = 0) => port.toString(16).toUpperCase().padStart(4, '0')
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  const ours = lines.find((line) => line.includes(`:${hex(scene.port)} 0100007F:${hex(socket.localPort)} `))
  t.match(ours, / 02:[0-9A-F]{8} /, 'its timer is the one of keep-alive')
})
