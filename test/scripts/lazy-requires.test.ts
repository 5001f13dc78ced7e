import { runInNewContext } from 'node:vm'
import t from 'tap'
import { lazier } from '../../scripts/bundle/lazy-requires.ts'

/** What `lines` give out, and which modules were loaded by then; each module has one thing, named as it is. */
function evaluated(...lines: string[]) {
  const loaded: string[] = []
  const Made = class {}
  const module = { exports: {} as Record<string, unknown> }
  const require = (name: string) => {
    loaded.push(name)
    return { [name]: `the ${name}`, Made }
  }
  runInNewContext(lazier(lines.join('\n')), { exports: module.exports, require })
  return { exports: module.exports, loaded }
}

t.test('lazier(): a module is loaded by who first takes something from it', async (t) => {
  const { exports, loaded } = evaluated(
    'const alpha_1 = require("alpha");',
    'var beta_2 = require("beta");',
    'Object.defineProperty(exports, "beta", { enumerable: true, get: function () { return beta_2.beta; } });',
    'exports.use = () => (0, alpha_1.alpha);',
    'exports.make = () => new alpha_1.Made().constructor === alpha_1.Made;',
    'exports.spread = () => [...alpha_1.alpha].length',
    'exports.heir = () => class extends alpha_1.Made {}',
  )
  t.same(loaded, [])
  t.equal((exports.use as () => string)(), 'the alpha')
  t.same(loaded, ['alpha'])
  t.equal(exports.beta, 'the beta')
  t.ok((exports.make as () => boolean)(), 'what is made is made of the class, not of the function that loads it')
  t.equal((exports.spread as () => number)(), 9)
  t.ok((exports.heir as () => unknown)())
})

t.test('lazier(): what is not written as TypeScript writes it is left alone', async (t) => {
  const lines = [
    'const path = require("path");',
    '  const a_1 = require("a");',
    '__exportStar(require("./b"), exports);',
  ]
  lines.push('const a_1 = require("a");\nuse(a_1);', 'const a_1 = require("a");\nuse(b.a_1.c, a_1.c);')
  for (const line of lines) t.equal(lazier(line), line)
})
