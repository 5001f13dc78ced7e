import t from 'tap'
import { parsePathPattern } from '../../../src/config/values/path-pattern.ts'

t.test('parsePathPattern() takes literals, names, stars, and ** at the end', async (t) => {
  for (const text of ['/', '/v1', '/v1/', '/v1/**', '/**', '/a/*/b', '/{orderNo}/items', '/a%2Fb', '/a.b~c', '/ü']) {
    t.same(parsePathPattern(text), { ok: true, value: text }, text)
  }
})

t.test('parsePathPattern() refuses what could never match or means something else', async (t) => {
  for (const text of [
    '',
    'a',
    '//',
    '/a//b',
    '/**/a',
    '/a*',
    '/{a',
    '/{}',
    '/{a}x',
    '/{a}/{a}',
    '/.',
    '/a/..',
    '/a%2',
    '/a b',
    '/a\\b',
    '/a?b',
    '/a#b',
  ]) {
    t.match(parsePathPattern(text), { ok: false }, text)
  }
})
