import t from 'tap'
import { runOptions } from '../../cmd/commands/run-options.ts'
import { RUN } from '../../cmd/usage/run.ts'
import { optionsOf } from '../support/called.ts'
import { ask, get } from '../support/ask.ts'
import { port, start } from '../support/spawned.ts'

const FREE = ['--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']
const SILENT = 'kind: Sidecar\nname: orders\naccessLog: {format: none}\n'

const read = optionsOf(RUN, runOptions)

t.test('run says in one line where it listens, and port 0 is any free one', async (t) => {
  const run = start(t, ['run', '--name', 'orders', '--app', '127.0.0.1:1', '--inbound', '127.0.0.1:0', ...FREE])
  const ready = await run.ready()
  t.match(ready, { inbound: [/^127\.0\.0\.1:\d+$/], outbound: /^127\.0\.0\.1:\d+$/, admin: /^127\.0\.0\.1:\d+$/ })
  t.equal(
    run.err
      .trim()
      .split('\n')
      .filter((line) => line.includes('"ready"')).length,
    1,
  )
  t.equal((await ask(port(ready.admin), get('/readyz', 'Host: localhost'))).status, 200)
  t.equal((await ask(port(ready.outbound), get('/', 'Host: x'))).status, 404)
  t.equal((await ask(port(ready.inbound[0]), get('/', 'Host: x'))).status, 502)
  run.kill('SIGTERM')
})

t.test('A first argument that starts with - means run', async (t) => {
  const folder = t.testdir({ 'a.yaml': SILENT })
  const run = start(t, ['--config', folder, ...FREE])
  t.ok((await run.ready()).outbound)
})

t.test('runOptions(): flag over environment', (t) => {
  const environment = {
    OUTRIGGER_NAME: 'by-environment',
    OUTRIGGER_OUTBOUND: '127.0.0.1:1001',
    OUTRIGGER_LOG_LEVEL: 'debug',
    OUTRIGGER_CONFIG: '/a:/b',
  }
  t.match(read([], environment), {
    name: 'by-environment',
    outbound: { host: '127.0.0.1', port: 1001 },
    logLevel: 'debug',
    paths: ['/a', '/b'],
  })
  const flags = [
    '--name',
    'by-flag',
    '--outbound',
    '[::1]:1002',
    '--log-level',
    'warn',
    '--config',
    '/c',
    '--config',
    '/d',
  ]
  t.match(read(flags, environment), {
    name: 'by-flag',
    outbound: { host: '::1', port: 1002 },
    logLevel: 'warn',
    paths: ['/c', '/d'],
  })
  t.end()
})

t.test('Flag over environment over file, seen from outside', async (t) => {
  const folder = t.testdir({
    'a.yaml': `${SILENT}outbound: {listen: "127.0.0.1:1"}\nadmin: {listen: "127.0.0.1:2"}\n`,
  })
  const run = start(t, ['run', '--config', folder, '--name', 'by-flag', '--admin', '127.0.0.1:0'], {
    OUTRIGGER_NAME: 'by-environment',
    OUTRIGGER_OUTBOUND: '127.0.0.1:0',
    OUTRIGGER_ADMIN: '127.0.0.1:1',
  })
  const ready = await run.ready()
  const config = await ask(port(ready.admin), get('/config', 'Host: localhost'))
  t.match(JSON.parse(config.body.toString()).sidecar, { name: 'by-flag' })
})

t.test('That it is ready is said at any log level: whoever started it waits for that', async (t) => {
  const folder = t.testdir({ 'a.yaml': SILENT })
  const run = start(t, ['run', '--config', folder, ...FREE], { OUTRIGGER_LOG_LEVEL: 'error' })
  const ready = await run.ready()
  t.match(ready, { inbound: [], outbound: /^127\.0\.0\.1:\d+$/ })
  t.equal(run.err.split('\n').length, 2, 'and nothing else')
})
