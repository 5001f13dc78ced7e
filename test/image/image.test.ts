/** The images, built as the Dockerfile says and run by podman. `npm run test:image`; not in CI, where there is no Debian to build on. */
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../support/ask.ts'
import { buildImages, INIT_IMAGE, NODE_IMAGE } from './build.ts'
import { addressOf, ask, container, once, published, sidecar } from './container.ts'
import { load } from './load.ts'
import { lacking, must, run } from './tools.ts'

const BUILD = 600_000
const skip = lacking() === '' ? false : `needs ${lacking()}`

/** Answers after 50 ms with who asked it how. */
const APPLICATION = `
require('node:http').createServer((request, answer) => {
  setTimeout(() => answer.end(request.method + ' ' + request.url + ' ' + request.headers.host), 50)
}).listen(8080)`

function application(t: Test, options: readonly string[] = []): Promise<string> {
  return container(t, NODE_IMAGE, options, ['node', '-e', APPLICATION])
}

/** A folder that user 19765 may read, as an operator's is. */
function folder(t: Test, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'outrigger-policy-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  chmodSync(path, 0o755)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

const NAMED = 'kind: Sidecar\nname: orders\n'
const teapot = (status: number) => `kind: Policy
name: teapot
match: {direction: inbound}
fault: {abort: {status: ${status}}, percent: 100%, until: '${new Date(Date.now() + 3_600_000).toISOString()}'}
`

t.test('Images', { skip, timeout: BUILD }, async (t) => {
  await buildImages()

  await t.test('docker run in front of a service: traffic, policies through the mount, health, stop', async (t) => {
    const app = await application(t)
    const policies = folder(t, { 'sidecar.yaml': NAMED })
    const mount = ['-p', '127.0.0.1::19000', '-v', `${policies}:/etc/outrigger/policy:ro`]
    const name = await sidecar(t, mount, ['--app', `${await addressOf(app)}:8080`])
    const port = await published(name, 19000)
    await eventually('an answer', () =>
      ask(port).then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    t.match(await ask(port, '/orders/7'), { status: 200, body: /^GET \/orders\/7 / })

    const status = await must(
      'podman',
      'exec',
      name,
      'node',
      '-p',
      "require('fs').readFileSync('/proc/1/status', 'utf8')",
    )
    t.match(status, /^Uid:\s+19765\s/m)
    t.match(status, /^CapEff:\s+0+$/m)
    const written = await run('podman', ['exec', name, 'node', '-e', "require('fs').writeFileSync('/app/x', '')"])
    t.match(written.err, /EROFS/)

    await t.test('a file of the mounted folder is replaced as editors do it', async (t) => {
      writeFileSync(join(policies, '.teapot.yaml.new'), teapot(418))
      renameSync(join(policies, '.teapot.yaml.new'), join(policies, 'teapot.yaml'))
      await eventually('418', async () => (await ask(port)).status === 418, 10_000)
      writeFileSync(join(policies, 'teapot.yaml'), 'kind: Polisy\n')
      await eventually(
        'the report',
        async () => (await run('podman', ['logs', name])).err.includes('reload failed'),
        10_000,
      )
      t.equal((await ask(port)).status, 418, 'the last good one stays in force')
      rmSync(join(policies, 'teapot.yaml'))
      await eventually('200', async () => (await ask(port)).status === 200, 10_000)
    })

    await t.test('HEALTHCHECK turns with the process', async (t) => {
      const check = async () => (await run('podman', ['healthcheck', 'run', name])).code
      t.equal(await check(), 0)
      await must('podman', 'kill', '--signal', 'STOP', name)
      t.equal(await check(), 1)
      await must('podman', 'kill', '--signal', 'CONT', name)
      t.equal(await check(), 0)
    })

    await t.test('stop under load loses nothing', async (t) => {
      const running = load(port, { kept: 20, fresh: 20 })
      await eventually('load', () => running.answered > 500, 20_000)
      const before = running.answered
      await must('podman', 'stop', '-t', '10', name)
      const { answered, lost, refused } = await running.end()
      t.same(lost, [], `of ${answered} requests, ${answered - before} of them after the signal`)
      t.ok(refused > 0, 'and then nobody listens')
      t.equal(await must('podman', 'inspect', name, '--format', '{{.State.ExitCode}}'), '0')
    })
  })

  await t.test('An application reaches the outbound listener of a sidecar in its network', async (t) => {
    const other = await application(t)
    const app = await application(t)
    const service = `kind: Service\nname: inventory\nendpoints: ["${await addressOf(other)}:8080"]\n`
    const policies = folder(t, { 'sidecar.yaml': `${NAMED}---\n${service}` })
    await sidecar(
      t,
      ['--network', `container:${app}`, '-v', `${policies}:/etc/outrigger/policy:ro`],
      ['--app', '127.0.0.1:8080'],
    )
    const named =
      "require('node:http').get({port: 19001, path: '/stock', headers: {host: 'inventory'}}, (a) => a.pipe(process.stdout))"
    await eventually('the sidecar', async () => (await run('podman', ['exec', app, 'node', '-e', named])).code === 0)
    t.match(await must('podman', 'exec', app, 'node', '-e', named), /^GET \/stock inventory/)
  })

  await t.test('The init image sets the rules without being root, and a second time changes nothing', async (t) => {
    const app = await application(t)
    const granted = [
      '--cap-drop',
      'all',
      '--cap-add',
      'NET_ADMIN',
      '--cap-add',
      'NET_RAW',
      '--security-opt',
      'no-new-privileges',
    ]
    const options = ['--network', `container:${app}`, '--read-only', ...granted]
    const rules = async () => {
      const saved = await once(
        NODE_IMAGE,
        ['--network', `container:${app}`, '--cap-add', 'NET_ADMIN'],
        ['iptables-nft-save', '-t', 'nat'],
      )
      return saved.out.split('\n').filter((line) => line.startsWith('-A'))
    }
    t.match(await once(INIT_IMAGE, options, ['firewall', 'apply']), { code: 0 })
    const first = await rules()
    t.match(first.join('\n'), /OUTRIGGER_OUT.* --uid-owner 19765 -j RETURN/)
    t.match(first.join('\n'), /OUTRIGGER_IN .*REDIRECT --to-ports 19000/)
    t.match(await once(INIT_IMAGE, options, ['firewall', 'apply']), { code: 0 })
    t.same(await rules(), first)
    t.match(await once(INIT_IMAGE, options, ['firewall', 'remove']), { code: 0 })
    t.same(await rules(), [])
    const refused = await once(
      INIT_IMAGE,
      ['--network', `container:${app}`, '--cap-drop', 'all'],
      ['firewall', 'apply'],
    )
    t.not(refused.code, 0, 'fails closed without the capability')
  })
})
