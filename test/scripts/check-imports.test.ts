import t from 'tap'
import { importProblems, importsOf, roomOf } from '../../scripts/check-imports.ts'
import { exceptions, fences, rooms } from '../../scripts/rooms.ts'

function problems(path: string, text: string): string[] {
  return importProblems([{ path, text }])
}

t.test('importsOf() reads every form, with its line', async (t) => {
  const text = [
    "import { a } from './a.ts'",
    "import type { B } from './b.ts'",
    "import './c.ts'",
    'import {',
    '  d,',
    "} from './d.ts'",
    "export * from './e.ts'",
    "const f = await import('./f.ts')",
    "// import { g } from './g.ts'",
  ].join('\n')
  t.same(
    importsOf(text).map(({ specifier, typeOnly, line }) => `${line} ${specifier}${typeOnly ? ' type' : ''}`),
    ['1 ./a.ts', '2 ./b.ts type', '6 ./d.ts', '7 ./e.ts', '3 ./c.ts', '8 ./f.ts'],
  )
})

t.test('roomOf() names the folder, and each policy by itself', async (t) => {
  t.equal(roomOf('src/core/clock.ts'), 'core')
  t.equal(roomOf('src/upstream/balance/pick.ts'), 'upstream')
  t.equal(roomOf('src/policies/retry/layer.ts'), 'policies/retry')
  t.equal(roomOf('src/policies/index.ts'), 'policies')
  t.equal(roomOf('cmd/commands/run.ts'), 'cmd')
  t.equal(roomOf('test/core/clock.test.ts'), undefined)
})

for (const [path, text, problem] of [
  ['src/core/a.ts', "import { x } from '../http1/head.ts'", /core may import nothing of ours/],
  ['src/http1/a.ts', "import { x } from '../server/b.ts'", /http1 may import core/],
  ['src/policies/retry/layer.ts', "import { x } from '../breaker/decide.ts'", /and this is policies\/breaker/],
  ['src/config/load.ts', "import { x } from '../policies/index.ts'", /config may import core/],
  ['src/config/load.ts', "import { x } from '../core/clock.ts'", /only types from core/],
  ['src/runtime/compile.ts', "import { x } from '../../cmd/outrigger.ts'", /and this is cmd/],
  ['src/admin/a.ts', "import { x } from '../config/load.ts'", /admin may import/],
  ['src/attic/a.ts', "import { x } from '../core/clock.ts'", /attic is no room/],
  ['src/core/a.ts', "import { x } from '../../scripts/files.ts'", /core may not import scripts/],
  ['src/runtime/a.ts', "import { parse } from 'yaml'", /yaml may be imported by src\/config\/.* only/],
  ['src/telemetry/a.ts', "import { request } from 'undici'", /undici may be imported by/],
  ['src/server/a.ts', "import type { Span } from '@opentelemetry/api'", /may be imported by src\/telemetry\/ only/],
  ['src/core/a.ts', "import pad from 'left-pad'", /left-pad is no package/],
  ['src/core/a.ts', "import t from 'tap'", /tap may be imported by tests only/],
] as const) {
  t.test(`importProblems() refuses ${text} in ${path}`, async (t) => {
    const found = problems(path, text)
    t.equal(found.length, 1)
    t.match(found[0], problem)
    t.match(found[0], `${path}:1: `)
  })
}

t.test('importProblems() allows what the house allows', async (t) => {
  for (const [path, text] of [
    ['src/core/a.ts', "import { b } from './b.ts'\nimport net from 'node:net'"],
    ['src/policies/index.ts', "import { retry } from './retry/policy.ts'"],
    ['src/config/load.ts', "import type { Schema } from '../core/policy.ts'\nimport { parse } from 'yaml'"],
    ['src/runtime/compile.ts', "import { order } from '../policies/index.ts'"],
    ['cmd/commands/run.ts', "import { SystemClock } from '../../src/core/clock.ts'"],
    ['test/upstream/pool.test.ts', "import { request } from 'undici'\nimport { x } from '../../src/upstream/pool.ts'"],
  ] as const) {
    t.same(problems(path, text), [], path)
  }
})

t.test('importProblems() refuses a circle, of types too', async (t) => {
  const circle = (word: string) => [
    { path: 'src/core/a.ts', text: "import { b } from './b.ts'" },
    { path: 'src/core/b.ts', text: `import ${word}{ a } from './a.ts'` },
  ]
  const told = ['src/core/a.ts:1: imports itself through src/core/b.ts → src/core/a.ts']
  t.same(importProblems(circle('')), told)
  t.same(importProblems(circle('type ')), told)
  t.same(importProblems(circle('type ').slice(1)), [])
})

t.test('every exception gives its reason, and core has none', async (t) => {
  t.ok(exceptions.every(({ reason }) => reason.length > 20))
  t.notOk(exceptions.some(({ from }) => from.includes('core')))
  t.same(rooms.core, [])
  t.same(fences.tap, [])
})
