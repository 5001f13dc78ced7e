import t from 'tap'
import { pathsMeet } from '../../src/routing/overlap.ts'
import { PathPattern } from '../../src/core/path-pattern.ts'
import { Seeded } from '../support/seeded.ts'

const CASES: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['/**', ['/', '/a', '/a/b/', '/a/b/c'], ['*']],
  ['/', ['/'], ['/a', '*']],
  ['/v1/**', ['/v1', '/v1/', '/v1/a', '/v1/a/b'], ['/', '/v', '/v11', '/v2', '/a/v1']],
  ['/v1', ['/v1'], ['/v1/', '/v1/a', '/v']],
  ['/v1/', ['/v1/'], ['/v1', '/v1/a']],
  ['/a/*', ['/a/b', '/a/a%2Fb'], ['/a', '/a/', '/a/b/', '/a/b/c']],
  ['/a/{x}/c', ['/a/b/c'], ['/a//c', '/a/c', '/a/b/d', '/a/b/c/', '/a/b/cc', '/a/b']],
  ['/{x}/**', ['/a', '/a/', '/a/b/c'], ['/']],
  ['/*/', ['/a/'], ['/', '/a', '/a/b']],
  ['/*/b/**', ['/a/b', '/a/b/c'], ['/a/bb', '/b', '/a/c/b']],
  ['/caf%c3%a9', ['/caf%C3%A9'], ['/caf%c3%a9']],
  ['/café/{x}', ['/caf%C3%A9/1'], ['/cafe/1']],
  ['/%61', ['/a'], ['/%61']],
  ['/a b', ['/a%20b'], []],
]

t.test('PathPattern matches segment by segment', (t) => {
  for (const [source, yes, no] of CASES) {
    const pattern = new PathPattern(source)
    for (const path of yes) t.ok(pattern.matches(path), `${source} matches ${path}`)
    for (const path of no) t.notOk(pattern.matches(path), `${source} does not match ${path}`)
  }
  t.end()
})

t.test('PathPattern with a dot segment in disguise matches nothing', (t) => {
  const pattern = new PathPattern('/a/%2e%2e/b')
  for (const path of ['/a/b', '/b', '/a/../b']) t.notOk(pattern.matches(path), path)
  t.end()
})

t.test('parameters() decodes what stands for a name', (t) => {
  const pattern = new PathPattern('/orders/{orderNo}/*/{line}/**')
  t.strictSame(
    [...pattern.parameters('/orders/A%2F1%20%E4%BD%A0/x/7/rest/of')],
    [
      ['orderNo', 'A/1 你'],
      ['line', '7'],
    ],
  )
  t.strictSame([...new PathPattern('/{a}').parameters('/%FF')], [['a', '%FF']], 'no UTF-8: as it came')
  t.strictSame([...new PathPattern('/**').parameters('/a')], [])
  t.end()
})

const WORDS = ['a', 'b', 'ab', '*', '{x}', '']

function randomPattern(random: Seeded): string {
  let pattern = ''
  for (let i = random.int(4); i >= 0; i--) pattern += `/${i > 0 ? random.pick(WORDS.slice(0, 5)) : random.pick(WORDS)}`
  return random.chance(0.3) ? `${pattern.replace(/\/$/, '')}/**` : pattern
}

function randomPath(random: Seeded): string {
  let path = ''
  for (let i = random.int(4); i >= 0; i--)
    path += `/${i > 0 ? random.pick(WORDS.slice(0, 3)) : random.pick(['a', 'b', ''])}`
  return path
}

/** The same question put to a regular expression. */
function reference(pattern: string): RegExp {
  const rest = pattern.endsWith('/**')
  const source = (rest ? pattern.slice(0, -3) : pattern).replace(/\*|\{x\}/g, '[^/]+')
  return new RegExp(`^${source}${rest ? (source === '' ? '/.*' : '(/.*)?') : ''}$`)
}

t.test('PathPattern agrees with a regular expression on random patterns and paths', (t) => {
  const random = new Seeded(5)
  let matches = 0
  for (let n = 0; n < 50_000; n++) {
    const source = randomPattern(random)
    const path = randomPath(random)
    const expected = reference(source).test(path)
    if (expected) matches++
    if (new PathPattern(source).matches(path) !== expected) t.fail(`${source} on ${path}: expected ${expected}`)
  }
  t.ok(matches > 1000)
  t.end()
})

t.test('pathsMeet() is exact: it says yes where, and only where, some path matches both', (t) => {
  const random = new Seeded(6)
  const paths: string[] = ['/']
  for (const a of ['a', 'b', 'ab', 'z'])
    for (const tail of ['', '/']) {
      paths.push(`/${a}${tail}`)
      for (const b of ['a', 'b', 'ab', 'z']) {
        paths.push(`/${a}/${b}${tail}`)
        for (const c of ['a', 'b', 'ab', 'z']) {
          paths.push(`/${a}/${b}/${c}${tail}`)
          for (const d of ['a', 'b', 'ab', 'z']) paths.push(`/${a}/${b}/${c}/${d}${tail}`)
        }
      }
    }
  for (let n = 0; n < 2_000; n++) {
    const a = new PathPattern(randomPattern(random))
    const b = new PathPattern(randomPattern(random))
    const expected = paths.some((path) => a.matches(path) && b.matches(path))
    if (pathsMeet(a, b) !== expected) t.fail(`${a.source} and ${b.source}: expected ${expected}`)
  }
  t.end()
})
