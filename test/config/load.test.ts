import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/model.ts'
import { BLOCKS } from '../support/blocks.ts'
import { load } from '../support/marked.ts'

function configOf(text: string): Config {
  const { config, issues } = load(text)
  if (config === undefined) throw new Error(issues.map((issue) => issue.message).join('\n'))
  return config
}

function service(name: string): string {
  return `kind: Service\nname: ${name}\nendpoints: ["10.0.0.7:8080"]\n`
}

t.test('loadConfig() takes every .yaml and .yml of a folder, by name, and nothing else', async (t) => {
  const folder = t.testdir({
    'b.yml': service('b'),
    'a.yaml': service('a'),
    '.hidden.yaml': 'nonsense: [',
    'README.md': 'nonsense: [',
    'deeper.yaml': { 'c.yaml': 'nonsense: [' },
  })
  const { config, issues, files } = loadConfig([folder], BLOCKS)
  t.same(issues, [])
  t.same(
    config?.services.map(({ name }) => name),
    ['a', 'b'],
  )
  t.same(files, [join(folder, 'a.yaml'), join(folder, 'b.yml')])
  t.equal(config?.services[0]?.place.file, join(folder, 'a.yaml'))
})

t.test('loadConfig() takes a ConfigMap as kubelet mounts it', async (t) => {
  const folder = t.testdir()
  mkdirSync(join(folder, '..2026_01_01'))
  writeFileSync(join(folder, '..2026_01_01', 'a.yaml'), service('a'))
  symlinkSync('..2026_01_01', join(folder, '..data'))
  symlinkSync(join('..data', 'a.yaml'), join(folder, 'a.yaml'))
  t.same(
    loadConfig([folder], BLOCKS).config?.services.map(({ name }) => name),
    ['a'],
  )
})

t.test('loadConfig() takes several paths, and a file once that is named twice', async (t) => {
  const folder = t.testdir({ 'a.yaml': service('a'), 'b.yaml': service('b') })
  const { config } = loadConfig([join(folder, 'b.yaml'), folder], BLOCKS)
  t.same(
    config?.services.map(({ name }) => name),
    ['b', 'a'],
  )
})

t.test('loadConfig() names what cannot be read, beside what is wrong elsewhere', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'kind: Servise', 'b.yaml': Buffer.from([0xff, 0xfe, 0x00]).toString('latin1') })
  writeFileSync(join(folder, 'b.yaml'), Buffer.from([0x61, 0xff]))
  symlinkSync('nowhere', join(folder, 'c.yaml'))
  const { config, issues } = loadConfig([join(folder, 'missing'), folder], BLOCKS)
  t.equal(config, undefined)
  t.match(
    issues.map(({ code, message }) => `${code} ${message}`),
    [/E001 .*missing.*no such file/, /E010/, /E001 .*b\.yaml.*not UTF-8/, /E001 .*c\.yaml.*no such file/],
  )
})

t.test('an empty folder, an empty file and empty documents give the default Sidecar', async (t) => {
  for (const content of [{}, { 'a.yaml': '' }, { 'a.yaml': '# nothing\n---\n---\n# here\n' }]) {
    const { config, issues } = loadConfig([t.testdir(content)], BLOCKS)
    t.same(issues, [])
    t.match(config, {
      services: [],
      policies: [],
      sidecar: {
        name: 'outrigger',
        inbound: [],
        outbound: { listen: { host: '127.0.0.1', port: 19001 }, unknownHosts: 'refuse' },
        admin: { listen: { host: '127.0.0.1', port: 19002 } },
        place: undefined,
      },
    })
  }
})

t.test('aliases stand for what they name, and 100 of them do', async (t) => {
  const list = (count: number) => `kind: Service\nname: s\nhosts: [&h s${', *h'.repeat(count)}]\nendpoints: ["a:1"]\n`
  t.same(configOf(list(100)).services[0]?.hosts, ['s'])
  t.same(
    load(list(101)).issues.map((issue) => issue.code),
    ['E006'],
  )
})

t.test('aliases of aliases count each time', async (t) => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i++)
    lines.push(`${'abcdefghi'[i]}: &${'abcdefghi'[i]} [${`*${'abcdefghi'[i - 1]}, `.repeat(9)}]`)
  t.same(
    load(lines.join('\n')).issues.map((issue) => issue.code),
    ['E006'],
  )
})

t.test('minVersion: a document for a newer version is left out with a warning, whatever it holds', async (t) => {
  const newer = 'kind: Gateway\nname: [g]\nminVersion: 1.4\n---\n'
  const { config, issues } = load(`${newer}${service('a')}`, { version: '1.3.9' })
  t.same(
    config?.services.map(({ name }) => name),
    ['a'],
  )
  t.same(
    issues.map(({ code, severity, place }) => `${severity} ${code} ${place.line}:${place.column}`),
    ['warning W012 3:13'],
  )
  t.same(config?.warnings, issues)
})

t.test('minVersion: compares as versions do, and not as numbers', async (t) => {
  const kept = (asked: string, version: string) =>
    load(`${service('a')}minVersion: ${asked}`, { version }).config?.services.length === 1
  t.ok(kept('1.4', '1.4.0'))
  t.ok(kept('1.4', '1.10.2'))
  t.notOk(kept('1.10', '1.4.0'), '1.10 is not 1.1')
  t.ok(kept('"0.1.0"', '0.1.0'))
  t.notOk(kept('2', '1.99.0'))
})

t.test('minVersion: two versions of one document do not clash, and a reference to one left out says why', async (t) => {
  const { config } = load(`${service('a')}---\n${service('a')}minVersion: 9.0`)
  t.equal(config?.services.length, 1)
  const { issues } = load(
    `${service('a')}minVersion: 9.0\n---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: a}`,
  )
  t.match(issues, [{ code: 'W012' }, { code: 'E040', message: /left out, being for a newer version/ }])
})

t.test('the Config is frozen to its leaves', async (t) => {
  const config = configOf(`kind: Profile\nname: standard\nretry: {max: 1}\n---\n${service('a')}`)
  const open: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    if (!Object.isFrozen(value)) open.push(path)
    for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`)
  }
  visit(config, 'config')
  t.same(open, [])
})

t.test('hash: changes when a byte does, and not with the folder', async (t) => {
  const hash = (text: string) => loadConfig([t.testdir({ 'a.yaml': text })], BLOCKS).config?.hash
  t.equal(hash(service('a')), load(service('a')).config?.hash)
  t.not(hash(service('a')), hash(`${service('a')}\n`))
  t.match(hash(''), /^[0-9a-f]{16}$/)
})

t.test('options.conflicts: what is found between policies stands in the same report', async (t) => {
  const policy = (name: string) => `kind: Policy\nname: ${name}\nmatch: {direction: outbound, service: "*"}\n`
  const seen: string[] = []
  const { config, issues } = load(
    `${policy('a')}timout: {}\n---\n${policy('b')}---\n${policy('c')}---\n${policy('c')}`,
    {
      conflicts: (policies) => {
        seen.push(...policies.map(({ name }) => name))
        return [{ severity: 'error', code: 'E050', message: 'a tie', place: policies[0]?.place as never }]
      },
    },
  )
  t.equal(config, undefined)
  t.same(seen, ['b', 'c'], 'sound ones, each name once')
  t.same(
    issues.map(({ code }) => code),
    ['E020', 'E050', 'E013'],
  )
})
