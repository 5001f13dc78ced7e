import t from 'tap'
import { isAmbiguous, otherReadings } from '../../src/core/path-ambiguity.ts'

const AMBIGUOUS = [
  '/a/../b',
  '/a/..',
  '/a/.',
  '/./a',
  '/..',
  '/.',
  '/%2e%2e/a',
  '/a/%2E',
  '/a/.%2e/b',
  '//a',
  '/a//b',
  '/a//',
  '/a%2fb',
  '/a%2Fb',
  '/a%5cb',
  '/a%5Cb',
  '/a;v=1',
  '/a/..;/b',
  '/;/a',
  '/a/../b?c',
]

const PLAIN = [
  '/',
  '/a',
  '/a/',
  '/a/b.c',
  '/.well-known/x',
  '/a/..b/c',
  '/a/b..',
  '/a/.../b',
  '/a%20b',
  '/file%2etxt',
  '/a%2',
  '/a%',
  '/a?b=/../c;d//%2f',
  '/?..',
  '*',
  '/shop.Orders/Get',
]

t.test('isAmbiguous() finds every way to say a path twice', async (t) => {
  for (const target of AMBIGUOUS) t.ok(isAmbiguous(target), target)
  for (const target of PLAIN) t.notOk(isAmbiguous(target), target)
})

t.test('otherReadings() are what a server may make of it', async (t) => {
  for (const [target, reading] of [
    ['/public/%2e%2e%2fadmin', '/admin'],
    ['/public/..;/admin', '/admin'],
    ['/public/..%2fadmin?x', '/admin'],
    ['/admin%2fusers', '/admin/users'],
    ['/admin%5Cusers', '/admin/users'],
    ['/admin;v=1/users', '/admin/users'],
    ['/public/..;v=1%2fadmin', '/admin'],
    ['/admin/../public', '/admin/../public'],
    ['/a/..;/..;/b', ''],
  ] as const) {
    t.ok(otherReadings(target).includes(reading), `${target}: ${otherReadings(target)}`)
  }
})
