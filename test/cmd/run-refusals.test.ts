import { chmodSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { runOptions } from '../../cmd/commands/run-options.ts'
import { RUN } from '../../cmd/usage/run.ts'
import { optionsOf } from '../support/called.ts'
import { start } from '../support/spawned.ts'

const FREE = ['--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']
const SILENT = 'kind: Sidecar\nname: orders\naccessLog: {format: none}\n'

const read = optionsOf(RUN, runOptions)

t.test('A taken port is a sentence and exit 1', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const taken = `127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const run = start(t, ['run', '--outbound', taken, '--admin', '127.0.0.1:0'])
  t.match(await run.ended, { code: 1 })
  t.equal(run.err, `outrigger run: cannot listen on ${taken} (outbound): another process listens there\n`)
})

t.test('A taken admin port is a sentence and exit 1, though the others were free', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const taken = `127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const run = start(t, ['run', '--outbound', '127.0.0.1:0', '--admin', taken])
  t.match(await run.ended, { code: 1 })
  t.match(run.err, /^outrigger run: .*cannot listen on 127\.0\.0\.1:\d+.*\n$/)
})

t.test('A path that is not there, and one that cannot be read, is a sentence and exit 1', async (t) => {
  const folder = t.testdir({ 'secret.yaml': SILENT })
  const missing = start(t, ['run', '--config', join(folder, 'nothing.yaml'), ...FREE])
  t.match(await missing.ended, { code: 1 })
  t.match(missing.err, /nothing\.yaml/)
  t.notMatch(missing.err, / {4}at /, 'no stack')
  if (process.getuid?.() === 0) return
  const secret = join(folder, 'secret.yaml')
  chmodSync(secret, 0)
  const unreadable = start(t, ['run', '--config', secret, ...FREE])
  t.match(await unreadable.ended, { code: 1 })
  t.match(unreadable.err, /secret\.yaml/)
})

t.test('An access log that cannot be written is a sentence and exit 1', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'kind: Sidecar\nname: orders\naccessLog: {output: ./nowhere/a.log}\n' })
  const run = start(t, ['run', '--config', folder, ...FREE])
  t.match(await run.ended, { code: 1 })
  const must = 'accessLog.output must be a file that can be written'
  t.equal(run.err, `outrigger run: ${must}, found './nowhere/a.log': there is no such folder\n`)
})

t.test('Mistakes in files are listed whole, and exit 1', async (t) => {
  const folder = t.testdir({
    'a.yaml': 'kind: Sidecar\nname: Orders\n',
    'b.yaml': 'kind: Service\nname: x\nendponts: []\n',
  })
  const run = start(t, ['run', '--config', folder, ...FREE])
  t.match(await run.ended, { code: 1 })
  t.match(run.err, /a\.yaml:2:7: error E\d+ .*\n(.*\n)*.*b\.yaml:3:1: error E\d+ .*endponts.*endpoints/)
  t.notMatch(run.err, '"ready"')
})

t.test('Bad YAML is named with its place, and exit 1', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'kind: Sidecar\nname: [orders\n' })
  const run = start(t, ['run', '--config', folder, ...FREE])
  t.match(await run.ended, { code: 1 })
  t.match(run.err, /a\.yaml:\d+:\d+: error/)
})

t.test('A command nobody knows, and none at all, is usage: exit 2', async (t) => {
  const unknown = start(t, ['rnu'])
  t.match(await unknown.ended, { code: 2 })
  t.match(unknown.err, /there is no command 'rnu'/)
  const none = start(t, [])
  t.match(await none.ended, { code: 2 })
})

t.test('An unknown flag is usage: a sentence, how it goes, and exit 2', async (t) => {
  const run = start(t, ['run', '--confg', 'x'])
  t.match(await run.ended, { code: 2 })
  t.match(run.err, /^outrigger run: .*--confg.*\nusage: outrigger run /)
})

t.test('runOptions() refuses a value that is none, and a stray word', (t) => {
  for (const args of [
    ['--outbound', 'nowhere'],
    ['--log-level', 'loud'],
    ['--name', 'Big'],
    ['stray'],
    ['--metrics-compatibility', 'linkerd'],
    ['--app', ':1'],
  ]) {
    t.throws(() => read(args, {}), Error, args.join(' '))
  }
  t.throws(() => read([], { OUTRIGGER_LOG_LEVEL: 'loud' }), /^OUTRIGGER_LOG_LEVEL must be one of .* found 'loud'/)
  t.throws(() => read(['--log-level', 'loud'], { OUTRIGGER_LOG_LEVEL: 'info' }), /^--log-level must be/)
  t.throws(() => read([], { APP_PORTS: 'web=http' }), /^APP_PORTS must be .*: 'web' is no port$/)
  t.throws(() => read([], { OUTRIGGER_PAGE_PATHS: 'maybe' }), /OUTRIGGER_PAGE_PATHS must be true or false/)
  t.end()
})

t.test('A flag without a value is set by its name, or by a variable that says true', (t) => {
  t.equal(read([], {}).pagePaths, false)
  t.equal(read(['--page-paths'], {}).pagePaths, true)
  for (const [value, set] of Object.entries({ '1': true, true: true, '0': false, false: false, '': false })) {
    t.equal(read([], { OUTRIGGER_PAGE_PATHS: value }).pagePaths, set, value)
  }
  t.equal(read(['--page-paths'], { OUTRIGGER_PAGE_PATHS: 'false' }).pagePaths, true, 'the flag wins')
  t.end()
})

t.test('--metrics-compatibility names meshes, over the environment', (t) => {
  t.equal(read([], {}).metricsCompatibility, undefined)
  t.same(read(['--metrics-compatibility', 'istio'], {}).metricsCompatibility, ['istio'])
  t.same(read([], { OUTRIGGER_METRICS_COMPATIBILITY: 'istio' }).metricsCompatibility, ['istio'])
  t.throws(() => read([], { OUTRIGGER_METRICS_COMPATIBILITY: 'istio,' }), /must be istio, found ''/)
  t.end()
})
