import { join } from 'node:path'
import t from 'tap'
import { simulate } from '../../cmd/commands/simulate.ts'
import { called } from '../support/called.ts'

const run = (...args: string[]) => called(simulate, args)

const CONFIG = ['--config', 'policies/avalanche.yaml']
const MODEL = ['--model', 'docs/models/avalanche.yaml']

t.test('2 and a sentence for what is not understood', async (t) => {
  const cases: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [MODEL, /name the files with --config/],
    [CONFIG, /name a --model or a --trace/],
    [[...CONFIG, ...MODEL, '--trace', 'x'], /one of the two/],
    [[...CONFIG, ...MODEL, '--seed', '-1'], /--seed/],
    [[...CONFIG, ...MODEL, '--seed=1.5'], /--seed must be a whole number below 2\^32, found '1\.5'/],
    [[...CONFIG, ...MODEL, '--interval', '1'], /--interval must be a duration such as 1s, found '1'/],
    [[...CONFIG, ...MODEL, '--format', 'xml'], /--format must be one of text, json/],
    [[...CONFIG, ...MODEL, '--sed', '1'], /--sed/],
  ]
  for (const [args, said] of cases) {
    const { code, out, err } = await run(...args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, said)
    t.match(err, /^usage: outrigger simulate/m)
  }
})

t.test('1 and a line for each problem of policies, model and trace', async (t) => {
  const folder = t.testdir({
    'p.yaml': 'kind: Servise\n',
    'm.yaml': 'kind: Model\nname: m\n',
    't.log': '{}\nx\n',
    'e.log': '',
  })
  const at = (name: string): string => join(folder, name)
  const policies = await run('--config', at('p.yaml'), ...MODEL)
  t.match(policies, { code: 1, out: '', err: /^\S+p\.yaml:1:7: error E010 / })
  t.match(await run(...CONFIG, ...MODEL, '--compare', at('p.yaml')), {
    code: 1,
    out: '',
    err: /p\.yaml:1:7: error E010 /,
  })
  const model = await run(...CONFIG, '--model', at('m.yaml'))
  t.match(model, {
    code: 1,
    out: '',
    err: /^\S+m\.yaml:1:1: error E021 'duration' .*\n\S+m\.yaml:1:1: error E021 'requests' /,
  })
  t.match(await run(...CONFIG, '--model', at('none.yaml')), {
    code: 1,
    err: /none\.yaml:1:1: error E001 .*no such file/,
  })
  t.match(await run(...CONFIG, '--trace', at('none.log')), {
    code: 1,
    err: /none\.log' must be a readable file: there is no such/,
  })
  t.match(await run(...CONFIG, '--trace', at('t.log')), {
    code: 1,
    err: /no request that could be replayed.*t\.log:1: it is no access log line/,
  })
  t.match(await run(...CONFIG, '--trace', at('e.log')), { code: 1, err: /it is empty/ })
})

t.test('--name chooses the workload, and warnings of the policies are told', async (t) => {
  const folder = t.testdir({
    'p.yaml':
      'kind: Service\nname: inventory\nendpoints: ["127.0.0.1:8081"]\n---\n' +
      'kind: Policy\nname: p\nmatch: {direction: outbound, service: inventory, workload: [orders]}\n' +
      'retry: {max: 1, methods: any, unsafe: true}\n',
    'm.yaml':
      'kind: Model\nname: m\nduration: 1s\nrequests: [{name: s, url: http://inventory/, method: POST, rate: 10/s}]\n' +
      'services: [{name: inventory, status: 503}]\n',
  })
  const args = ['--config', join(folder, 'p.yaml'), '--model', join(folder, 'm.yaml'), '--format', 'json']
  const other = await run(...args)
  t.match(other.err, /warning W005/)
  t.equal(JSON.parse(other.out).phases[0].destinations[0].attempts.retry, 0)
  t.ok(JSON.parse((await run(...args, '--name', 'orders')).out).phases[0].destinations[0].attempts.retry > 0)
})

t.test('every flag has a variable, and paths stand apart by a colon as for run', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'kind: Servise\n', 'b.yaml': 'kind: Polici\n' })
  const configs = `${join(folder, 'a.yaml')}:${join(folder, 'b.yaml')}`
  const both = await called(simulate, MODEL, { OUTRIGGER_CONFIG: configs })
  t.equal(both.code, 1)
  t.match(both.err, /a\.yaml:1:7: error E010 /)
  t.match(both.err, /b\.yaml:1:7: error E010 /)
  const args = [...CONFIG, ...MODEL]
  const wrong = await called(simulate, args, { OUTRIGGER_INTERVAL: '1' })
  t.match(wrong, { code: 2, err: /OUTRIGGER_INTERVAL must be a duration such as 1s, found '1'/ })
  const compared = { OUTRIGGER_INTERVAL: '', OUTRIGGER_COMPARE: join(folder, 'a.yaml') }
  t.match(await called(simulate, args, compared), { code: 1, err: /a\.yaml:1:7: error E010 / })
})
