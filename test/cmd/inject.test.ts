import { join } from 'node:path'
import t, { type Test } from 'tap'
import { inject, uninject } from '../../cmd/commands/inject.ts'
import { called } from '../support/called.ts'
import { IMAGES } from '../support/pods.ts'

const POD = 'kind: Pod\nmetadata:\n  name: orders # mine\nspec:\n  containers:\n    - name: app\n'
const SERVICE = 'kind: Service\nmetadata:\n  name: orders\n'

const call = (command: typeof inject, ...args: string[]) => called(command, args)

function files(t: Test, more: Record<string, string> = {}) {
  const folder = t.testdir({ 'a.yaml': POD, 'b.yaml': SERVICE, 'config.yml': IMAGES, ...more })
  return (name: string): string => join(folder, name)
}

t.test('inject joins files to one stream, and reports each object', async (t) => {
  const at = files(t)
  const { code, out, err } = await call(inject, '-f', at('a.yaml'), at('b.yaml'))
  t.equal(code, 0)
  t.equal(out, `${POD.replace('# mine\n', '# mine\n  labels:\n    outrigger.dev/inject: enabled\n')}---\n${SERVICE}`)
  t.equal(err, 'pod orders: injected\nservice orders: skipped: it makes no pods\n')
})

t.test('inject --manual, and uninject as its inverse', async (t) => {
  const at = files(t)
  const { code, out, err } = await call(
    inject,
    '-f',
    at('a.yaml'),
    '--manual',
    '--config',
    at('config.yml'),
    '--set',
    'log-level=debug',
  )
  t.equal(code, 0)
  t.match(out, '--log-level=debug')
  t.match(err, 'pod orders: injected\n')
  const back = files(t, { 'c.yaml': out })
  t.match(await call(uninject, back('c.yaml')), { code: 0, out: POD, err: 'pod orders: uninjected\n' })
  const legacy = await call(
    inject,
    at('a.yaml'),
    '--manual',
    '--config',
    at('config.yml'),
    '--kubernetes-version',
    '1.28',
  )
  t.match(legacy.err, 'pod orders: warning: no native sidecar: the API server is 1.28')
})

t.test('What is refused or cannot be read is exit 1, with nothing written', async (t) => {
  const clash = `${POD}  securityContext: {runAsUser: 19765}\n`
  const at = files(t, { 'clash.yaml': clash, 'broken.yaml': 'kind: [\n' })
  const refused = await call(inject, at('b.yaml'), at('clash.yaml'), '--manual', '--config', at('config.yml'))
  t.match(refused, { code: 1, out: '', err: /pod orders: refused: container 'app' runs as uid 19765/ })
  t.match(await call(inject, at('broken.yaml')), { code: 1, out: '', err: /broken\.yaml: / })
  t.match(await call(inject, at('missing.yaml')), {
    code: 1,
    err: /missing\.yaml' must be a readable file: there is no such file/,
  })
})

t.test('Wrong usage is exit 2, with what was meant', async (t) => {
  const at = files(t)
  t.match(await call(inject, '--set', 'log-levle=debug'), {
    code: 2,
    err: /did you mean 'log-level'\?\nusage: outrigger inject/,
  })
  t.match(await call(inject, '--set', 'cpu=lots'), { code: 2, err: /--set cpu must be REQUEST/ })
  t.match(await call(inject, '--manual'), { code: 2, err: /--manual needs --config/ })
  t.match(await call(inject, '--manual', '--config', at('a.yaml')), {
    code: 2,
    err: /a\.yaml:1:1: error E020 unknown key 'kind'/,
  })
  t.match(await call(uninject, '--manual'), { code: 2, err: /usage: outrigger uninject/ })
})
