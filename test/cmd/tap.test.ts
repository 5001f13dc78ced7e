import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { tap, type TapIo } from '../../cmd/commands/tap.ts'
import { tapLine } from '../../cmd/tap/line.ts'
import type { EndedExchange } from '../../src/admin/index.ts'
import { ask, eventually, get } from '../support/ask.ts'
import { freePort } from '../support/free-port.ts'
import { answering } from '../support/raw-origin.ts'
import { policy, scene, type Scene } from '../support/scene.ts'

class Io extends EventEmitter implements TapIo {
  readonly lines: string[] = []
  errors = ''
  readonly environment: Record<string, string> = {}
  readonly output = Object.assign(this, {
    write: (text: string): boolean => {
      this.lines.push(text.replace(/\n$/, ''))
      return true
    },
  }) as unknown as TapIo['output']

  out(text: string): void {
    this.lines.push(text)
  }

  err(text: string): void {
    this.errors += text
  }
}

const FAILS_ONCE = answering((_, index) =>
  index === 0
    ? 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'
    : 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
)

function shop(t: Test): Promise<Scene> {
  return scene(t, FAILS_ONCE, { yaml: policy('retry: {max: 1, backoff: {base: 1ms}}\ntimeout: {request: 5s}') })
}

/** Asks until the tap has had enough: it may begin a moment after its command. */
async function until(ended: Promise<number>, act: () => Promise<unknown>): Promise<number> {
  let code: number | undefined
  void ended.then((one) => {
    code = one
  })
  await eventually('the tap to end', async () => {
    await act()
    return code !== undefined
  })
  return ended
}

t.test('tap shows exchanges as they end, those that fit', async (t) => {
  const { proxy, port } = await shop(t)
  const io = new Io()
  const ended = tap(['--admin', `127.0.0.1:${proxy.admin}`, '--status', '404', '--limit', '2'], io)
  const code = await until(ended, async () => {
    await ask(port, get('/'))
    await ask(port, get('/', 'Host: nobody'))
  })
  t.equal(code, 0, io.errors)
  t.equal(io.lines.length, 2)
  t.match(io.lines[0], /^\d\d:\d\d:\d\d\.\d{3} outbound GET - - 404 route_not_found [\d.]+ms$/)
})

t.test('tap --json tells the records as they are', async (t) => {
  const { proxy, port } = await shop(t)
  const io = new Io()
  io.environment['OUTRIGGER_ADMIN'] = `127.0.0.1:${proxy.admin}`
  const code = await until(tap(['--json', '--limit', '1', '--direction', 'outbound'], io), () => ask(port, get('/')))
  t.equal(code, 0, io.errors)
  t.match(JSON.parse(io.lines[0] ?? ''), { direction: 'outbound', service: 'origin', route: '*', method: 'GET' })
})

t.test('tap says when there is no such sidecar, or it has ended', async (t) => {
  const nobody = new Io()
  t.equal(await tap(['--admin', `127.0.0.1:${await freePort()}`], nobody), 1)
  t.match(nobody.errors, /nothing listens on 127\.0\.0\.1:\d+/)
  const { proxy, port } = await shop(t)
  const io = new Io()
  const ended = tap(['--admin', `127.0.0.1:${proxy.admin}`], io)
  await eventually('a line', async () => {
    await ask(port, get('/'))
    return io.lines.length > 0
  })
  await proxy.stop()
  t.equal(await ended, 1)
  t.match(io.errors, /outrigger tap: /)
})

t.test('tap says when something else answers there', async (t) => {
  const json = '{"error":{"reason":"foreign_host","message":"Host must be an address or localhost"}}'
  const cases: [number, string, RegExp][] = [
    [200, 'hello\nworld\n', /answers 200: it knows nothing of taps/],
    [404, '{"error":{"reason":"not_found","message":"nothing is here"}}', /answers 404: it knows nothing of taps/],
    [403, json, /127\.0\.0\.1:\d+: Host must be an address or localhost/],
  ]
  for (const [status, body, sentence] of cases) {
    const server = createServer((_request, response) => response.writeHead(status).end(body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const io = new Io()
    t.equal(await tap(['--admin', `127.0.0.1:${(server.address() as AddressInfo).port}`], io), 1)
    t.match(io.errors, sentence)
    t.same(io.lines, [])
    server.close()
  }
})

t.test('tap refuses what no sidecar would understand, before it asks one', async (t) => {
  const io = new Io()
  t.equal(await tap(['--status', 'many'], io), 2)
  t.match(io.errors, /outrigger tap: --status must be .* found 'many'\nusage: outrigger tap/)
  t.equal(await tap(['--colour', 'red'], new Io()), 2)
  t.equal(await tap(['--admin', 'nowhere'], new Io()), 2)
})

const RECORD: EndedExchange = {
  time: Date.UTC(2027, 0, 15, 8, 0, 0, 5),
  direction: 'outbound',
  service: 'inventory',
  route: '/v1/**',
  method: 'GET',
  outcome: 'plain',
  status: 200,
  grpcStatus: '',
  origin: 'upstream',
  reason: '',
  duration: 12.345,
  attemptCount: 1,
  attempts: [
    { kind: 'first', endpoint: '10.0.0.7:80', at: 0, ms: 12, status: 200, grpcStatus: '', reason: '', whyNext: '' },
  ],
  shadow: [],
  path: '',
  cause: '',
  traceId: '',
}

t.test('tapLine() is short for what is plain, and tells every attempt of what is not', async (t) => {
  const [first] = RECORD.attempts
  const failed = { ...first!, ms: 1.26, status: 0, reason: 'connect_failure', whyNext: 'retry: connect_failure' }
  const second = { ...first!, kind: 'hedge' as const, endpoint: '10.0.0.8:80', ms: 120.4 }
  t.equal(tapLine(RECORD), '08:00:00.005 outbound GET inventory /v1/** 200 - 12.3ms 10.0.0.7:80')
  t.equal(
    tapLine({ ...RECORD, attemptCount: 2, attempts: [failed, second], shadow: ['bulkhead:bulkhead_full'] }),
    '08:00:00.005 outbound GET inventory /v1/** 200 - 12.3ms [10.0.0.7:80 connect_failure 1.3ms (retry: connect_failure); ' +
      'hedge 10.0.0.8:80 200 120ms] shadow=bulkhead:bulkhead_full',
  )
  const refused = { ...RECORD, attempts: [], attemptCount: 0, status: 200, grpcStatus: 'UNAVAILABLE', path: '/a' }
  t.equal(
    tapLine({ ...refused, reason: 'circuit_open', origin: 'proxy' }),
    '08:00:00.005 outbound GET inventory /a 200 UNAVAILABLE circuit_open 12.3ms',
  )
  t.equal(tapLine({ lost: 7 }), '(7 more: they came faster than they are shown)')
})
