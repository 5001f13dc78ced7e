import { EventEmitter } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { top, type TopIo } from '../../../cmd/commands/top.ts'
import { ask, get } from '../../support/ask.ts'
import { type Proxy as Sidecar, startProxy } from '../../support/proxy.ts'

const POLICY = `kind: Sidecar
name: orders
accessLog: {format: none}
---
kind: Service
name: inventory
endpoints: [127.0.0.1:1]
---
kind: Policy
name: guard
match: {direction: outbound, service: inventory}
breaker: {scope: service, window: {type: count, size: 10, minimumCalls: 2}, open: {base: 30s, max: 30s, jitter: 0%}}
`

/** A terminal of so many columns and rows, or a pipe. */
class Desk implements TopIo {
  shown = ''
  said = ''
  raw = false
  readonly keys = new EventEmitter()
  readonly screen = new EventEmitter()
  readonly input
  readonly output
  readonly environment: Record<string, string>
  #wake = () => {}

  constructor(isTTY: boolean, columns = 100, rows = 30, environment: Record<string, string> = {}) {
    const write = (text: string) => {
      this.shown += text
      this.#wake()
      return true
    }
    const raw = (on: boolean) => {
      this.raw = on
      return this.input
    }
    this.environment = environment
    this.input = Object.assign(this.keys, { isTTY, setRawMode: raw, resume() {}, pause() {} }) as never
    this.output = Object.assign(this.screen, { isTTY, columns, rows, write }) as never
  }

  out(text: string): void {
    this.shown += text
  }

  err(text: string): void {
    this.said += text
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.shown)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}

async function failing(t: Test): Promise<Sidecar> {
  const sidecar = await startProxy(POLICY)
  t.teardown(() => sidecar.stop())
  for (let i = 0; i < 4; i++) await ask(sidecar.outbound, get('/v1', 'Host: inventory', 'Connection: close'))
  return sidecar
}

t.test('--once prints one picture, without colours where nobody sees them', async (t) => {
  const { admin } = await failing(t)
  const desk = new Desk(false)
  t.equal(await top(['--once', '--admin', `127.0.0.1:${admin}`], desk), 0)
  t.notMatch(desk.shown, '\u001b')
  for (const seen of [
    /^orders {2}● live {2}serving, up /,
    /^■ breaker inventory is open, probe in \d+ s$/m,
    /^inventory +outbound +\S+\/s/m,
    /^inventory +service +■ open, probe in \d+ s +100 % of 2$/m,
    /2 +■ refused: circuit_open +503 +\S+ ms +inventory +GET \* +not sent: circuit_open$/m,
    /2 +■ failed: connect_failure +502 +\S+ ms +inventory +GET \* +127\.0\.0\.1:1 connect_failure after/m,
  ]) {
    t.match(desk.shown, seen)
  }
})

t.test('In a terminal it is drawn until q, follows its size, and gives the screen back', async (t) => {
  const { admin } = await failing(t)
  const desk = new Desk(true, 60, 9, { OUTRIGGER_ADMIN: `127.0.0.1:${admin}` })
  const ended = top([], desk)
  await desk.until(/is open/)
  t.ok(desk.raw)
  t.ok(desk.shown.startsWith('\u001b[?1049h\u001b[?25l'))
  t.match(desk.shown, '\u001b[1;31m■ breaker inventory', 'in colours')
  const drawn = desk.shown.split('\u001b[H').at(-1)?.split('\r\n') ?? []
  t.equal(drawn.length, 8)
  for (const line of drawn) t.ok(line.replaceAll(/\u001b\[[\d;]*[mKJ]/g, '').length <= 60, line)
  desk.shown = ''
  Object.assign(desk.output, { rows: 5 })
  desk.screen.emit('resize')
  t.equal(desk.shown.split('\r\n').length, 4)
  desk.keys.emit('data', Buffer.from('q'))
  t.equal(await ended, 0)
  t.ok(desk.shown.endsWith('\u001b[?25h\u001b[?1049l'))
  t.notOk(desk.raw)
  t.equal(desk.keys.listenerCount('data') + desk.screen.listenerCount('resize'), 0)
})

t.test('NO_COLOR is heeded', async (t) => {
  const { admin } = await failing(t)
  const desk = new Desk(true, 100, 30, { NO_COLOR: '1' })
  const ended = top(['--admin', `127.0.0.1:${admin}`], desk)
  await desk.until(/is open/)
  t.notMatch(desk.shown, /\u001b\[[\d;]*m/)
  desk.keys.emit('data', Buffer.from('\u0003'))
  t.equal(await ended, 0)
})

t.test('A sidecar that is gone is said to be so', async (t) => {
  const sidecar = await failing(t)
  const desk = new Desk(true)
  const ended = top(['--admin', `127.0.0.1:${sidecar.admin}`], desk)
  await desk.until(/is open/)
  await sidecar.stop()
  await desk.until(/stale since \d\d:\d\d:\d\d: 127\.0\.0\.1:\d+ has ended/)
  desk.keys.emit('data', Buffer.from('q'))
  t.equal(await ended, 0)
})

t.test(
  'Of a sidecar that is another, and too old to say so, nothing is mixed with what the one before it had',
  async (t) => {
    const one = await failing(t)
    const other = await startProxy(POLICY.replace('127.0.0.1:1', '127.0.0.1:2'))
    t.teardown(() => other.stop())
    await ask(other.outbound, get('/v1', 'Host: inventory', 'Connection: close'))
    let admin = one.admin
    const way = createServer((asked, answer) => {
      request({ port: admin, path: asked.url }, (from) => {
        answer.writeHead(from.statusCode ?? 0, from.headers)
        from.setEncoding('utf8').on('data', (text: string) => answer.write(text.replace(/,"startedAt":\d+/, '')))
        answer.on('close', () => from.destroy())
      }).end()
    })
    await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve))
    t.teardown(() => way.close())
    const desk = new Desk(true, 200)
    const ended = top(['--admin', `127.0.0.1:${(way.address() as AddressInfo).port}`], desk)
    await desk.until(/circuit_open/)
    admin = other.admin
    way.closeAllConnections()
    await desk.until(/127\.0\.0\.1:2 connect_failure/)
    t.notMatch(desk.shown.split('\u001b[H').at(-1), 'circuit_open')
    desk.keys.emit('data', Buffer.from('q'))
    t.equal(await ended, 0)
  },
)

t.test('Where there is none it says so, and ends', async (t) => {
  const sidecar = await startProxy(POLICY)
  await sidecar.stop()
  const desk = new Desk(true)
  t.equal(await top(['--admin', `127.0.0.1:${sidecar.admin}`], desk), 1)
  t.match(desk.said, /^outrigger top: nothing listens on 127\.0\.0\.1:\d+: is the sidecar running/)
  t.equal(desk.shown, '', 'the terminal was left alone')
  t.notOk(desk.raw)
})

t.test('Wrong usage is 2', async (t) => {
  for (const args of [['--often'], ['stray'], ['--admin', 'nowhere']]) {
    const desk = new Desk(true)
    t.equal(await top(args, desk), 2, args.join(' '))
    t.match(desk.said, /^outrigger top: .+\nusage: outrigger top /)
  }
})
