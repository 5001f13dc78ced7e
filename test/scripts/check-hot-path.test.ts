import t from 'tap'
import { hotPathProblems } from '../../scripts/check-hot-path.ts'

function problems(path: string, text: string): string[] {
  return hotPathProblems([{ path, text }])
}

const HOT = 'src/http1/body.ts'
const LOAD = 'src/config/load.ts'

for (const [text, problem] of [
  ['export async function f(): Promise<void> {}', /no async function/],
  ['class A { async f(): Promise<void> {} }', /no async function/],
  ['const f = async () => {}', /no async function/],
  ['await g()', /no await/],
  ['function* f() {}', /no generator/],
  ['const p = new Promise(() => {})', /no promise/],
  ['const p = Promise.resolve(1)', /no promise/],
  ["import { Readable } from 'node:stream'", /no node:stream/],
  ["import { createServer } from 'node:http'", /no node:http/],
  ["import { AsyncLocalStorage } from 'node:async_hooks'", /no node:async_hooks/],
  ['const store = new AsyncLocalStorage()', /no AsyncLocalStorage/],
  ['class A extends EventEmitter {}', /no EventEmitter/],
  ['function f(...rest: number[]) {}', /no spread or rest/],
  ['const f = (a: number[]) => g(...a)', /no spread or rest/],
  ['const f = (a: object) => ({ ...a, b: 1 })', /no spread or rest/],
  ['delete a.b', /no delete/],
  ["const f = () => { throw new Error('no') }", /no new Error/],
  ['const f = (s: string) => /a/.test(s)', /no regular expression/],
  ["const pattern = new RegExp('a')", /no regular expression/],
] as const) {
  t.test(`hotPathProblems() refuses ${text}`, async (t) => {
    t.match(problems(HOT, text)[0], problem)
    t.match(problems(HOT, text)[0], `${HOT}:1: `)
    t.same(problems(LOAD, text), [], 'and not where no request passes')
    t.same(problems(HOT, `// cold: runs once per reload\n${text}`), [], 'and not where a comment above says why')
    t.same(problems(HOT, `${text} // cold: runs once per reload`), [], 'or beside it')
    t.same(problems(HOT, `// cold file: runs once per reload\n${text}`), [], 'or for the whole file')
    t.not(problems(HOT, `${text} // cold:`).length, 0, 'but a reason there must be')
  })
}

for (const [text, problem] of [
  ['const now = Date.now()', /Date.now only in/],
  ['const now = new Date()', /new Date\(\) reads the clock/],
  ['const now = performance.now()', /performance.now only in/],
  ['const dice = Math.random()', /Math.random only in/],
  ['setTimeout(() => {}, 10)', /setTimeout only in/],
  ['setInterval(() => {}, 10)', /setInterval only in/],
  ['const later = globalThis.setTimeout', /setTimeout only in/],
  ['const home = process.env.HOME', /process.env only in/],
  ['const now = process.hrtime.bigint()', /process.hrtime only in/],
  ["import { setTimeout as wait } from 'node:timers/promises'", /no node:timers\/promises/],
  ['const now = globalThis.performance.now()', /performance.now only in/],
] as const) {
  t.test(`hotPathProblems() refuses ${text} outside the clock`, async (t) => {
    t.match(problems(LOAD, text)[0], problem)
    t.match(problems(LOAD, `// cold: once\n${text}`)[0], problem, 'whatever a comment says')
    t.same(
      problems('src/core/clock.ts', text).filter((line) => problem.test(line)),
      [],
      'and not in it',
    )
    t.same(problems('cmd/commands/run.ts', text), [], 'nor in a command')
  })
}

t.test('hotPathProblems() lets members and keys have the names of globals', async (t) => {
  t.same(problems(HOT, 'socket.setTimeout(0)\nconst a = { setInterval: 1 }\nclass B { setTimeout(): void {} }'), [])
  t.same(problems(HOT, 'const a = new Date(0)\nconst b = { env: process.pid }'), [])
})

t.test('hotPathProblems() lets a layer and a decision be hot, and a policy be read at load', async (t) => {
  const text = 'const pattern = /a/'
  t.equal(problems('src/policies/retry/layer.ts', text).length, 1)
  t.equal(problems('src/policies/retry/decide.ts', text).length, 1)
  t.equal(problems('src/policies/retry/policy.ts', text).length, 0)
})

t.test('hotPathProblems() knows what lies beside the requests', async (t) => {
  t.equal(problems('src/telemetry/metrics.ts', 'await f()').length, 1)
  t.equal(problems('src/telemetry/families/process.ts', 'await f()').length, 0)
  t.equal(problems('src/upstream/discovery/dns.ts', 'await f()').length, 0)
})

t.test('hotPathProblems() knows types from values, and reads comments and strings as what they are', async (t) => {
  t.same(problems(HOT, 'let a: Promise<void> | undefined // no async, no delete\nconst b = "await new Promise"'), [])
})

t.test('hotPathProblems() lets only cmd/outrigger.ts end the process', async (t) => {
  t.match(problems('cmd/commands/run.ts', 'process.exit(1)')[0], /process.exit only in/)
  t.match(problems(LOAD, 'process.exit(1)')[0], /process.exit only in/)
  t.same(problems('cmd/outrigger.ts', 'process.exit(1)'), [])
})

t.test('hotPathProblems() names a file that it cannot read', async (t) => {
  t.match(problems(HOT, 'class A { f() { this.#gone } }')[0], /^src\/http1\/body.ts:1: .*#gone/)
  t.match(problems(HOT, 'const a: = 1')[0], /^src\/http1\/body.ts:1: /)
})
