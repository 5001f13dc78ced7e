import t from 'tap'
import { normalisePath } from '../../src/core/path.ts'
import { Seeded } from '../support/seeded.ts'

const NORMAL: readonly (readonly [target: string, path: string])[] = [
  ['/', '/'],
  ['/?', '/'],
  ['/a/b', '/a/b'],
  ['/a/b?c=/../d', '/a/b'],
  ['/a/b/', '/a/b/'],
  ['*', '*'],
  ['/%61', '/a'],
  ['/%7Euser', '/~user'],
  ['/%2e%2e%2fa', '/..%2Fa'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/%2E/b', '/a/b'],
  ['/a/.%2e/b', '/b'],
  ['//a', '/a'],
  ['/a//b///c', '/a/b/c'],
  ['/a//', '/a/'],
  ['//', '/'],
  ['/a/./b', '/a/b'],
  ['/a/.', '/a/'],
  ['/a/..', '/'],
  ['/a/b/..', '/a/'],
  ['/a/b/../c', '/a/c'],
  ['/.well-known/x', '/.well-known/x'],
  ['/..a/...', '/..a/...'],
  ['/a%2fb', '/a%2Fb'],
  ['/a/..%2fb', '/a/..%2Fb'],
  ['/%E4%bd%a0', '/%E4%BD%A0'],
  ['/\u00e4\u00bd\u00a0', '/%E4%BD%A0'],
  ['/\u00ff', '/%FF'],
  ['/100%', '/100%25'],
  ['/100%zz', '/100%25zz'],
  ['/%2', '/%252'],
  ['/%%36%31', '/%2561'],
  ['/%2561', '/%2561'],
  ['/a%20b', '/a%20b'],
  ['/{a}|"', '/%7Ba%7D%7C%22'],
  ['/a;b=c,d', '/a;b=c,d'],
  ['/a%3Bb', '/a%3Bb'],
  // RFC 3986 removes dots before anyone merges slashes.
  ['/a//../b', '/a/b'],
]

t.test('normalisePath() gives every spelling of a path one form', (t) => {
  for (const [target, path] of NORMAL) t.equal(normalisePath(target), path, target)
  t.end()
})

t.test('normalisePath() hands a normal path back as it is', (t) => {
  for (const [, path] of NORMAL) t.equal(normalisePath(path), path, path)
  t.end()
})

t.test('normalisePath() refuses what climbs, and controls and backslashes in any spelling', (t) => {
  const refused = [
    '/..',
    '/../a',
    '/%2e%2e/',
    '/%2E%2e/a',
    '/a/../..',
    '/a/../../b',
    '/./..',
    '/a\\b',
    '/a%5cb',
    '/a%5Cb',
    '/%00',
    '/a%0d%0ab',
    '/%1F',
    '/%7f',
    '/a\u0000',
    '/a\tb',
    '/a b',
    '/a\u007f',
    '/a#b',
    '/\u4f60',
    '',
    'a/b',
    'http://a/b',
    '**',
    '?a',
  ]
  for (const target of refused) t.equal(normalisePath(target), undefined, JSON.stringify(target))
  t.end()
})

t.test('normalisePath() leaves the query alone', (t) => {
  t.equal(normalisePath('/a?path=C:\\..\\%00'), '/a')
  t.equal(normalisePath('/a/%2e?%2e%2e/'), '/a/')
  t.end()
})

t.test('normalisePath() is its own fixed point, and no normal path has dots, double slashes or loose escapes', (t) => {
  const random = new Seeded(3)
  const pieces = ['/', '/', '.', '..', 'a', '%2e', '%2F', '%61', '%', '%5', '%41', '%C3', 'ä', '~', '{', ';', '?', '']
  for (let n = 0; n < 20_000; n++) {
    let target = '/'
    for (let i = random.int(9); i >= 0; i--) target += random.pick(pieces)
    const path = normalisePath(target)
    if (path === undefined) continue
    if (normalisePath(path) !== path) t.fail(`${target} → ${path} → ${normalisePath(path)}`)
    if (/\/\/|\/\.{1,2}(\/|$)|%(?![0-9A-F]{2})|[^\x21-\x7e]|^[^/]/.test(path)) t.fail(`${target} → ${path}`)
  }
  t.end()
})

t.test('normalisePath() agrees with the URL of the platform where both know dots only', (t) => {
  const random = new Seeded(4)
  const pieces = ['/', 'a', 'b', '/.', '/..', '/c', '/']
  for (let n = 0; n < 20_000; n++) {
    let target = '/a/b/c/d/e/f'
    for (let i = random.int(6); i >= 0; i--) target += random.pick(pieces)
    const expected = new URL(`http://h${target}`).pathname.replace(/\/+/g, '/')
    if (normalisePath(target) !== expected) t.equal(normalisePath(target), expected, target)
  }
  t.end()
})

t.test('normalisePath() takes time in proportion to the length', (t) => {
  const long = `/${'a/../'.repeat(50_000)}${'%2e/'.repeat(50_000)}${'/'.repeat(50_000)}`
  t.equal(normalisePath(long), '/')
  t.end()
})
