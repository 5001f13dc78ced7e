import { runInNewContext } from 'node:vm'
import t from 'tap'
import { LAZILY, lazier } from '../../scripts/bundle/lazy-requires.ts'

/** What `lines` give out, and which modules were loaded by then; each module has one thing, named as it is. */
function evaluated(...lines: string[]) {
  const loaded: string[] = []
  const module = { exports: {} as Record<string, unknown> }
  const require = (name: string) => {
    loaded.push(name)
    return { [name]: `the ${name}` }
  }
  runInNewContext(`${LAZILY}\n${lazier(lines.join('\n'))}`, { exports: module.exports, require, Proxy })
  return { exports: module.exports, loaded }
}

t.test('lazier(): a module is loaded by who first takes something from it', async (t) => {
  const { exports, loaded } = evaluated(
    'const alpha_1 = require("alpha");',
    'var beta_2 = require("beta");',
    'Object.defineProperty(exports, "beta", { enumerable: true, get: function () { return beta_2.beta; } });',
    'exports.use = () => (0, alpha_1.alpha);',
  )
  t.same(loaded, [])
  t.equal((exports.use as () => string)(), 'the alpha')
  t.same(loaded, ['alpha'])
  t.equal(exports.beta, 'the beta')
})

t.test('lazier(): a package given out as a namespace is loaded when it is taken', async (t) => {
  const { exports, loaded } = evaluated('exports.gamma = require("gamma");')
  t.same([Object.keys(exports), loaded], [['gamma'], []])
  t.same(exports.gamma, { gamma: 'the gamma' })
})

t.test('lazier(): what is not written as TypeScript writes it is left alone', async (t) => {
  const lines = [
    'const path = require("path");',
    '  const a_1 = require("a");',
    '__exportStar(require("./b"), exports);',
  ]
  for (const line of lines) t.equal(lazier(line), line)
})
