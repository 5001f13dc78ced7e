import t from 'tap'
import { parseAddress, parseCidr, parseServiceHost } from '../../../src/config/values/address.ts'

t.test('parseAddress() takes names, IPv4, and IPv6 in brackets', async (t) => {
  t.same(parseAddress('127.0.0.1:0'), { ok: true, value: { host: '127.0.0.1', port: 0 } })
  t.same(parseAddress('[::1]:8080'), { ok: true, value: { host: '::1', port: 8080 } })
  t.same(parseAddress('inventory.shop.svc:80'), { ok: true, value: { host: 'inventory.shop.svc', port: 80 } })
  t.match(parseAddress('redis_1:6379'), { value: { host: 'redis_1' } })
  t.match(parseAddress('a:65535'), { value: { port: 65_535 } })
  const longest = `${'a'.repeat(63)}.`.repeat(3) + 'a'.repeat(61)
  t.match(parseAddress(`${longest}:1`), { value: { host: longest } })
  t.match(parseAddress(`${longest}a:1`), { ok: false })
})

t.test('parseAddress() refuses the rest with a proposal', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['8080', /write 127\.0\.0\.1:8080/],
    [':8080', /write 0\.0\.0\.0:8080 or 127\.0\.0\.1:8080/],
    ['10.0.0.7', /write 10\.0\.0\.7:8080/],
    ['[::1]', /write "\[::1\]:8080"/],
    ['::1', /write "\[::1\]:8080"/],
    ['fd00::8:8080', /brackets and a port/],
    ['1.2.3.4.5:80', /no host/],
    ['1.2.3.256:80', /no host/],
    ['a b:80', /no host/],
    ['http://a:80', /no host/],
    ['[zz]:80', /no host/],
    ['[::1:80', /no host/],
    ['a]:80', /no host/],
    ['a:65536', /0 to 65535/],
    ['a:', /0 to 65535/],
    ['a:-1', /0 to 65535/],
    ['', /port is missing/],
  ]
  for (const [text, proposal] of cases) t.match(parseAddress(text), { ok: false, proposal }, text)
})

t.test('parseServiceHost() takes names, stars and ports, in lower case', async (t) => {
  for (const text of [
    'inventory',
    'A.b',
    '*.shop.test',
    'a:8080',
    '*.a:80',
    '10.0.0.7',
    '[::1]',
    '[::1]:80',
    'a:65535',
    'a:1',
  ]) {
    t.same(parseServiceHost(text), { ok: true, value: text.toLowerCase() }, text)
  }
  for (const text of [
    '',
    '*',
    '*a.b',
    'a.*',
    'a/b',
    'https://a',
    'a:0',
    'a:65536',
    '*.a*',
    'a*',
    '[x]',
    'a b',
    'a.',
    '-a',
  ]) {
    t.match(parseServiceHost(text), { ok: false }, text)
  }
})

t.test('parseCidr() takes blocks and single addresses', async (t) => {
  t.match(parseCidr('10.0.0.0/8'), { value: '10.0.0.0/8' })
  t.match(parseCidr('::1'), { value: '::1/128' })
  for (const text of ['10.0.0.7/32', '0.0.0.0/0', 'fd00::1/128']) t.match(parseCidr(text), { value: text })
  for (const text of ['10.0.0.0/33', '10.0/8', 'fd00::/129', 'all', '', '10.0.0.0/', '/8', 'fe80::1%lo/64']) {
    t.match(parseCidr(text), { ok: false }, text)
  }
})
