import { join } from 'node:path'
import t from 'tap'
import { validate } from '../../cmd/commands/validate.ts'
import { called } from '../support/called.ts'

const run = (...args: string[]) => called(validate, args)

const POLICY = 'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"}\n'

t.test('0 and not a line for files without a problem', async (t) => {
  const folder = t.testdir({ 'a.yaml': POLICY })
  t.same(await run(folder), { code: 0, out: '', err: '1 file read: nothing to object to\n' })
  t.match(await run('policies/standard.yaml'), { code: 0, out: '' })
})

t.test('1 and a line for each error, in file order', async (t) => {
  const folder = t.testdir({ 'b.yaml': `${POLICY}timout: {}\n`, 'a.yaml': 'kind: Servise\n' })
  const { code, out, err } = await run(folder)
  t.equal(code, 1)
  t.same(
    out.split('\n').map((line) => line.split(' ').slice(0, 3).join(' ')),
    [`${join(folder, 'a.yaml')}:1:7: error E010`, `${join(folder, 'b.yaml')}:4:1: error E020`, ''],
  )
  t.equal(err, '2 files read: 2 errors and 0 warnings\n')
})

t.test('a tie between policies is an error of the same report', async (t) => {
  const folder = t.testdir({
    'a.yaml': `${POLICY}timeout: {}\n---\n${POLICY.replace('name: p', 'name: q')}timeout: {}\n`,
  })
  t.match(await run(folder), { code: 1, out: / error E050 / })
})

t.test('warnings are errors only where that is asked for', async (t) => {
  const file = join(t.testdir({ 'a.yaml': `${POLICY}retry: {methods: any, unsafe: true}\n` }), 'a.yaml')
  t.match(await run(file), { code: 0, out: /^\S+:4:9: warning W005 .*\n$/, err: /0 errors and 1 warning/ })
  t.match(await run(file, '--warnings-as-errors'), { code: 1, out: /warning W005/ })
})

t.test('the environment says what flags do not', async (t) => {
  const environment = { OUTRIGGER_FORMAT: 'json', OUTRIGGER_WARNINGS_AS_ERRORS: 'true' }
  const folder = t.testdir({ 'a.yaml': `${POLICY}retry: {methods: any, unsafe: true}\n` })
  const { code, out } = await called(validate, [folder], environment)
  t.equal(code, 1)
  t.match(JSON.parse(out), { ok: true, warnings: 1 })
  t.match(await called(validate, [folder, '--format', 'text'], environment), { code: 1, out: /warning W005/ })
})

t.test('--format json has counts, files, and each problem with its place', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'kind: Servise\n' })
  const { code, out } = await run('--format', 'json', folder)
  t.equal(code, 1)
  const file = join(folder, 'a.yaml')
  t.match(JSON.parse(out), {
    ok: false,
    errors: 1,
    warnings: 0,
    files: [file],
    issues: [{ file, line: 1, column: 7, severity: 'error', code: 'E010', message: /did you mean 'Service'/ }],
  })
  t.match(JSON.parse((await run(t.testdir({}), '--format=json')).out), { ok: true, issues: [] })
})

t.test('--format sarif is a log of one run, with a rule for each code', async (t) => {
  const folder = t.testdir({ 'a b.yaml': 'kind: Servise\n' })
  const { code, out } = await run('--format', 'sarif', folder)
  t.equal(code, 1)
  const log = JSON.parse(out)
  t.match(log, {
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'outrigger', rules: [{ id: 'E010' }] } },
        results: [{ ruleId: 'E010', ruleIndex: 0, level: 'error', message: { text: /Servise/ } }],
      },
    ],
  })
  const { physicalLocation } = log.runs[0].results[0].locations[0]
  t.match(physicalLocation.artifactLocation.uri, /^file:\/\/.*\/a%20b\.yaml$/)
  t.same(physicalLocation.region, { startLine: 1, startColumn: 7 })
})

t.test('--format sarif has all that SARIF 2.1.0 asks for and a code host shows', async (t) => {
  const folder = t.testdir({
    'a.yaml': `${POLICY}retry: {methods: any, unsafe: true}\n`,
    'b.yaml': `kind: X\n---\n${POLICY.replace('name: p', 'name: q')}timout: {}\n`,
  })
  const log = JSON.parse((await run('--format', 'sarif', folder)).out)
  t.match(log.$schema, /sarif-schema-2\.1\.0\.json$/)
  const [{ tool, results }] = log.runs
  for (const { id, shortDescription, help, defaultConfiguration } of tool.driver.rules) {
    t.match(id, /^[EW][0-9]{3}$/)
    t.not(shortDescription.text, '')
    t.match(help.text, `docs/problems.md, ${id}`)
    t.equal(defaultConfiguration.level, id.startsWith('E') ? 'error' : 'warning')
  }
  t.equal(results.length, 3)
  for (const { ruleId, ruleIndex, level, message, locations } of results) {
    t.equal(tool.driver.rules[ruleIndex].id, ruleId)
    t.equal(level, ruleId.startsWith('E') ? 'error' : 'warning')
    t.type(message.text, 'string')
    const { artifactLocation, region } = locations[0].physicalLocation
    t.match(artifactLocation.uri, /^file:\/\/.*\/[ab]\.yaml$/)
    t.ok(region.startLine >= 1 && region.startColumn >= 1)
  }
  t.same(JSON.parse((await run('--format', 'sarif', 'policies/standard.yaml')).out).runs[0].results, [])
})

t.test('several paths, files and folders among them, make one configuration', async (t) => {
  const folder = t.testdir({
    one: { 'a.yaml': POLICY },
    two: { 'b.yml': POLICY.replace('name: p', 'name: q'), '.hidden.yaml': 'kind: X\n', 'notes.txt': 'x' },
    'c.yaml': `${POLICY}timeout: {}\n`,
  })
  const [one, two, file] = ['one', 'two', 'c.yaml'].map((name) => join(folder, name)) as [string, string, string]
  t.match(await run(one, two), { code: 0, err: '2 files read: nothing to object to\n' })
  const clash = await run('--format', 'json', two, one, file)
  t.equal(clash.code, 1)
  const { files, issues } = JSON.parse(clash.out)
  t.same(files, [join(two, 'b.yml'), join(one, 'a.yaml'), file])
  t.match(issues, [{ file, code: 'E013' }])
  t.match(await run(one, join(folder, 'nope')), { code: 1, out: / error E001 / })
})

t.test('2 and a sentence for arguments that mean nothing', async (t) => {
  t.match(await run(), { code: 2, out: '', err: /name at least one file or folder\nusage: / })
  t.match(await run('a.yaml', '--format', 'xml'), { code: 2, out: '', err: /one of text, json, sarif, found 'xml'/ })
  t.match(await run('a.yaml', '--strict'), { code: 2, out: '', err: /--strict/ })
})

t.test('1 for a path that is not there', async (t) => {
  t.match(await run(join(t.testdir({}), 'nope.yaml')), { code: 1, out: /nope\.yaml:1:1: error E001 .*no such file/ })
})
