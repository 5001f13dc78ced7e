/** `wait`, `drain` and `healthz`: what probes and hooks of a container call. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { askAdmin } from '../../cmd/commands/admin-client.ts'
import { ask, eventually, get } from '../support/ask.ts'
import { port, start } from '../support/spawned.ts'

const FREE = ['--name', 'orders', '--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']

t.test('Beside a running sidecar', async (t) => {
  const sidecar = start(t, ['run', ...FREE])
  const { admin } = await sidecar.ready()
  t.same(await start(t, ['healthz', '--admin', admin]).ended, { code: 0, signal: null })
  t.same(await start(t, ['wait', '--timeout', '5s'], { OUTRIGGER_ADMIN: admin }).ended, { code: 0, signal: null })
  t.equal((await ask(port(admin), get('/readyz', 'Host: localhost'))).status, 200)
  t.same(await start(t, ['drain', '--admin', admin.replace('127.0.0.1', '0.0.0.0')]).ended, { code: 0, signal: null })
  t.equal((await ask(port(admin), get('/readyz', 'Host: localhost'))).status, 503)
})

t.test('Beside none: exit 1 and a sentence; usage: exit 2', async (t) => {
  for (const command of ['healthz', 'drain', 'wait']) {
    const more = command === 'wait' ? ['--timeout', '200ms'] : []
    const run = start(t, [command, '--admin', '127.0.0.1:1', ...more])
    t.equal((await run.ended).code, 1, command)
    t.match(run.err, /ECONNREFUSED/)
    const wrong = start(t, [command, '--admin', '1'])
    t.equal((await wrong.ended).code, 2, command)
    t.match(wrong.err, /--admin must be an address.*\nusage: /)
  }
})

t.test('An answer that comes a byte at a time has to be whole in time, too', async (t) => {
  const server = createServer((_, answer) => {
    let left = 100
    answer.writeHead(200, { 'content-length': left })
    const drip = setInterval(() => {
      if (left-- > 1) answer.write('x')
      else answer.end('x')
    }, 10)
    answer.on('close', () => clearInterval(drip))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  await t.rejects(askAdmin(address, 'GET', '/livez', 100), { message: 'no answer within 100 ms' })
})

t.test('wait returns once it has started', async (t) => {
  let status = 503
  let asked = 0
  const server = createServer((request, answer) => {
    if (request.url === '/startupz') asked++
    answer.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const run = start(t, ['wait', '--admin', `127.0.0.1:${(server.address() as AddressInfo).port}`])
  await eventually('questions', () => asked > 1)
  t.equal(run.child.exitCode, null)
  status = 200
  t.same(await run.ended, { code: 0, signal: null })
})
