import t from 'tap'
import { exportProblems } from '../../scripts/check-exports.ts'

function problems(a: string, b: string): string[] {
  return exportProblems([
    { path: 'src/core/a.ts', text: a },
    { path: 'src/server/b.ts', text: b },
  ])
}

t.test('exportProblems() names what nobody imports, at its line', async (t) => {
  t.same(problems('\nexport const used = 1\nexport function dead() {}', "import { used } from '../core/a.ts'"), [
    'src/core/a.ts:3: nobody imports dead',
  ])
  t.same(problems('export class A {}', "import { A as B } from './a.ts'"), ['src/core/a.ts:1: nobody imports A'])
})

t.test('exportProblems() sees every way to take something', async (t) => {
  const ways = [
    "import { one } from '../core/a.ts'",
    "import type { one } from '../core/a.ts'",
    "import {\n  type one,\n} from '../core/a.ts'",
    "import { one as another } from '../core/a.ts'",
    "import * as all from '../core/a.ts'\nall.one",
    "export * from '../core/a.ts'",
    "const { one } = await import('../core/a.ts')",
    "let it: import('../core/a.ts').one",
  ]
  for (const way of ways) t.same(problems('export const one = 1', way), [], way)
  t.same(problems('const one = 1\nexport { one as two }', "import { two } from '../core/a.ts'"), [])
})

t.test('exportProblems() counts what is handed on as taken, and asks who takes it there', async (t) => {
  t.same(problems('export const one = 1', "export { one } from '../core/a.ts'"), [
    'src/server/b.ts:1: nobody imports one',
  ])
})

t.test('exportProblems() lets a type be that its own file uses, and no value', async (t) => {
  t.same(
    problems('export interface Parts {}\nexport function make(parts: Parts) {}', "import { make } from '../core/a.ts'"),
    [],
  )
  t.same(problems('export interface Parts {}', ''), ['src/core/a.ts:1: nobody imports Parts'])
  t.same(problems('export const MOST = 1\nlet left = MOST', ''), ['src/core/a.ts:1: nobody imports MOST'])
})
