import t from 'tap'
import { explain } from '../../cmd/commands/explain.ts'
import { called } from '../support/called.ts'

const SERVICE = 'kind: Service\nname: inventory\nendpoints: [127.0.0.1:1]\n'
const TIE = `${SERVICE}---
kind: Policy
name: a
match: {direction: outbound, service: inventory}
timeout: {request: 1s}
---
kind: Policy
name: b
match: {direction: outbound, service: inventory}
timeout: {request: 2s}
`
const dir = t.testdir({ 'good.yaml': SERVICE, 'tie.yaml': TIE })

const run = (...args: string[]) => called(explain, args)

t.test('explain exits with 0 and prints the explanation', async (t) => {
  t.match(await run('--config', `${dir}/good.yaml`, '--url', 'http://inventory/a'), {
    code: 0,
    out: /^GET \/a, outbound/,
  })
  const json = await run(
    '--config',
    `${dir}/good.yaml`,
    '--service',
    'inventory',
    '--format',
    'json',
    '--method',
    'put',
  )
  t.match(JSON.parse(json.out), { found: true, service: 'inventory', method: 'PUT' })
  t.match(await run('--config', `${dir}/good.yaml`, '--inbound', '--url', '/a', '--name', 'orders'), {
    code: 0,
    out: /application of orders/,
  })
})

t.test('explain exits with 1 where there is no route, with a sentence', async (t) => {
  t.match(await run('--config', `${dir}/good.yaml`, '--url', 'http://nobody/'), { code: 1, out: '', err: /'nobody'/ })
  const json = await run('--config', `${dir}/good.yaml`, '--url', 'http://nobody/', '--format', 'json')
  t.equal(json.code, 1)
  t.match(JSON.parse(json.out), { found: false })
})

t.test('explain exits with 1 on files that may not be loaded, with the report', async (t) => {
  const tie = await run('--config', `${dir}/tie.yaml`, '--service', 'inventory')
  t.equal(tie.code, 1)
  t.match(tie.err, /tie\.yaml:13:1: error E050 .*'b' here and 'a' at .*tie\.yaml:8 rank the same/)
  t.match(await run('--config', `${dir}/none.yaml`, '--service', 'inventory'), { code: 1, err: /E001/ })
})

t.test('explain exits with 2 on what it does not understand, with its usage', async (t) => {
  const wrong = [
    [],
    ['--service', 'inventory'],
    ['--config', dir],
    ['--config', dir, '--url', 'a', '--service', 'b'],
    ['--config', dir, '--inbound', '--service', 'b'],
    ['--config', dir, '--service', 'b', '--format', 'xml'],
    ['--config', dir, '--service', 'b', '--header', 'x'],
    ['--config', dir, '--service', 'b', '--bogus'],
    ['--config', dir, 'stray'],
  ]
  for (const args of wrong)
    t.match(await run(...args), { code: 2, out: '', err: /usage: outrigger explain/ }, args.join(' '))
})

t.test('explain takes from the environment what no flag says', async (t) => {
  const more = t.testdir({ 'more.yaml': SERVICE.replace('inventory', 'payments') })
  const { out } = await called(explain, ['--method', 'put'], {
    OUTRIGGER_CONFIG: `${dir}/good.yaml:${more}`,
    OUTRIGGER_SERVICE: 'payments',
    OUTRIGGER_FORMAT: 'json',
    OUTRIGGER_HEADER: 'x-tenant: gold',
  })
  t.match(JSON.parse(out), { found: true, service: 'payments', method: 'PUT' })
})
