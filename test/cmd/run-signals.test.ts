import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { answer, ask, eventually, field, get, request } from '../support/ask.ts'
import { connect } from '../support/raw.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { OK } from '../support/scene.ts'
import { port, start } from '../support/spawned.ts'

interface Test {
  teardown(fn: () => unknown): unknown
  testdir(files: Record<string, string>): string
}

/** A sidecar of its own process before an application that takes requests and lets the test answer. */
async function running(t: Test, drain = '{wait: 200ms, timeout: 5s}', accessLog = '{format: none}') {
  const app = await startRawOrigin(async (peer) => void (await peer.request()))
  t.teardown(() => app.close())
  const folder = t.testdir({ 'a.yaml': `kind: Sidecar\nname: orders\naccessLog: ${accessLog}\ndrain: ${drain}\n` })
  const where = ['--app', `127.0.0.1:${app.port}`, '--inbound', '127.0.0.1:0', '--outbound', '127.0.0.1:0']
  const run = start(t, ['run', '--config', folder, ...where, '--admin', '127.0.0.1:0'])
  const ready = await run.ready()
  const inbound = port(ready.inbound[0])
  const client = await connect(inbound)
  t.teardown(() => client.destroy())
  return { run, ready, inbound, app, client }
}

function refuses(at: number): Promise<boolean> {
  return connect(at).then(
    (late) => {
      late.destroy()
      return false
    },
    () => true,
  )
}

t.test('SIGTERM drains: not ready, in flight answered with close, exit 0', async (t) => {
  const { run, ready, inbound, app, client } = await running(t)
  const idle = await connect(inbound)
  t.teardown(() => idle.destroy())
  client.send(get('/'))
  await eventually('the request', () => app.requests.length === 1)
  run.kill('SIGTERM')
  await eventually(
    'not ready',
    async () => (await ask(port(ready.admin), get('/readyz', 'Host: localhost'))).status === 503,
  )
  await idle.untilEnded()
  await eventually('refused', () => refuses(inbound))
  ;(await app.peer(0)).send(OK)
  const got = await answer(client)
  t.equal(got.status, 200)
  t.equal(field(got, 'connection'), 'close')
  client.destroy()
  t.match(await run.ended, { code: 0 })
})

t.test('SIGHUP looks at the files, and SIGUSR1 opens no debugger', async (t) => {
  const { run, inbound, app, client } = await running(t)
  client.send(get('/'))
  await eventually('the request', () => app.requests.length === 1)
  run.kill('SIGUSR1')
  run.kill('SIGHUP')
  await eventually('the look', () => run.err.includes('"configuration reloaded"'))
  t.notMatch(run.err, /debugger/i)
  ;(await app.peer(0)).send(OK)
  t.equal((await answer(client)).status, 200, 'what was in flight went on')
  t.notOk(await refuses(inbound))
  run.kill('SIGTERM')
  client.destroy()
  t.match(await run.ended, { code: 0 })
})

t.test('SIGUSR1 and SIGHUP go on in a new file where the access log was moved away', async (t) => {
  const logs = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(logs, { recursive: true }))
  const file = join(logs, 'access.log')
  const { run, inbound, client } = await running(t, '{wait: 1ms, timeout: 5s}', `{output: "${file}"}`)
  // Answered here, and in the log like any other.
  const served = (path: string) => ask(inbound, request(`OPTIONS ${path}`, ['Max-Forwards: 0', 'Connection: close']))
  const [usr1, hup] = [`${file}.usr1`, `${file}.hup`]
  await served('/before')
  renameSync(file, usr1)
  run.kill('SIGUSR1')
  await eventually('a new file', () => existsSync(file))
  await served('/between')
  renameSync(file, hup)
  run.kill('SIGHUP')
  await eventually('another new file', () => existsSync(file))
  await eventually('the look at the policies', () => run.err.includes('"configuration reloaded"'))
  await served('/behind')
  client.destroy()
  run.kill('SIGTERM')
  t.match(await run.ended, { code: 0 })
  for (const [path, name] of [
    ['/before', usr1],
    ['/between', hup],
    ['/behind', file],
  ] as const) {
    t.equal((JSON.parse(readFileSync(name, 'utf8')) as { path: string }).path, path)
  }
})

t.test('A second signal ends it at once, with the code of a signal', async (t) => {
  const { run, app, client } = await running(t, '{wait: 20s, timeout: 40s}')
  client.send(get('/'))
  await eventually('the request', () => app.requests.length === 1)
  run.kill('SIGTERM')
  run.kill('SIGINT')
  t.ok([130, 143].includes((await run.ended).code as number))
  await client.untilEnded()
})

t.test('POST /quit drains and exits 0', async (t) => {
  const { run, ready } = await running(t)
  const quit = request('POST /quit', ['Host: localhost', 'Content-Type: application/json'], '{}')
  t.equal((await ask(port(ready.admin), quit)).status, 200)
  t.match(await run.ended, { code: 0 })
})

t.test('SIGINT drains as well, and an end by drain.timeout is exit 0, too', async (t) => {
  const { run, app, client } = await running(t, '{wait: 10ms, timeout: 100ms}')
  client.send(get('/'))
  await eventually('the request', () => app.requests.length === 1)
  run.kill('SIGINT')
  t.match(await run.ended, { code: 0 })
})

t.test('What nothing catches ends no process: it is counted, and requests go on', async (t) => {
  const app = await startRawOrigin(async (peer) => {
    await peer.request()
    peer.send(OK)
  })
  t.teardown(() => app.close())
  const throwing = "process.on('SIGUSR2', () => setTimeout(() => { throw new Error('on purpose') }))"
  const folder = t.testdir({
    'a.yaml': 'kind: Sidecar\nname: orders\naccessLog: {format: none}\ndrain: {wait: 1ms, timeout: 5s}\n',
    'throwing.mjs': throwing,
  })
  const where = ['--app', `127.0.0.1:${app.port}`, '--inbound', '127.0.0.1:0', '--outbound', '127.0.0.1:0']
  const run = start(t, ['run', '--config', folder, ...where, '--admin', '127.0.0.1:0'], {
    NODE_OPTIONS: `--import=${pathToFileURL(join(folder, 'throwing.mjs'))}`,
  })
  const ready = await run.ready()
  run.kill('SIGUSR2')
  const counted = 'outrigger_defects_total{where="uncaught exception"} 1'
  await eventually('the count', async () => {
    const { body } = await ask(port(ready.admin), get('/metrics', 'Host: localhost'))
    return body.toString().includes(counted)
  })
  t.equal((await ask(port(ready.inbound[0]), get('/'))).status, 200)
  run.kill('SIGTERM')
  t.match(await run.ended, { code: 0 })
})
