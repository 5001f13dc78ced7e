/** The pseudo-header fields, Host, and the forms of a target (RFC 9113 §8.3.1). */
import { bare, body, type Case, each, GET, got, POST, sent, withPseudo } from './case.ts'

const SMUGGLING = ' HTTP/1.1\r\nhost: app.test\r\n\r\nGET /smuggled'

const methods: Case[] = [
  ...each(['GET', 'DELETE', 'OPTIONS', 'PROPFIND', 'M-SEARCH', 'get', "!#$%&'*+-.^_`|~", 'A'.repeat(64)], (method) =>
    bare('the method', withPseudo(':method', method), 'forward', { method, target: '/' }),
  ),
  ...each(
    ['', ' ', 'GE T', 'GET ', ' GET', 'GET\0', 'GET\r\n', 'GET\t', 'G:T', 'GET/', '"GET"', 'G\xc9T', 'A'.repeat(65)],
    (method) => bare('the method', withPseudo(':method', method), 'stream'),
  ),
  ...each([`GET /x${SMUGGLING}`, 'GET / HTTP/1.1\r\nx: y', 'CONNECT', 'CONNECT app.test:1', 'PRI'], (method) =>
    bare(
      'the method',
      withPseudo(':method', method),
      method === 'PRI' ? 'forward' : 'stream',
      method === 'PRI' ? { method } : {},
    ),
  ),
]

const GOOD_PATHS = [
  '/',
  '/a?b=c&d',
  '//evil.test/x',
  '/a//b',
  '/a%20b',
  '/?',
  '/a?/b?c',
  '/a;b=c',
  '/http://evil.test/',
  '/*',
  '/"<>^`{|}',
  '/%',
]
const BAD_PATHS = [
  '',
  'a',
  'a/b',
  '?a',
  '*',
  '/*\r\n',
  'http://app.test/',
  'http://evil.test/',
  'https://app.test/x',
  'app.test:80',
  ':80',
  '\\',
  '@evil.test/',
  '.',
  '/a b',
  '/a\tb',
  '/a ',
  ' /a',
  '/a#b',
  '/#',
  '/a\\b',
  '/\x80',
  '/\xff',
  '/\x7f',
  '/\0',
  '/\x01',
  '/a\rb',
  '/a\nb',
  '/a\r\nx: y',
  `/x${SMUGGLING}`,
  '/x HTTP/1.0',
  '/x HTTP/1.1\r\ntransfer-encoding: chunked\r\nx:',
]
/** Well-formed, but no path that routing would match in one way only. */
const DOUBTFUL_PATHS = ['/../x', '/a/../../x', '/%00%0d%0a']
const paths: Case[] = [
  ...each(DOUBTFUL_PATHS, (target) => bare('the path', withPseudo(':path', target), 400)),
  ...each(GOOD_PATHS, (target) => bare('the path', withPseudo(':path', target), 'forward', { target, method: 'GET' })),
  ...each(BAD_PATHS, (target) => bare('the path', withPseudo(':path', target), 'stream')),
  bare('OPTIONS *', withPseudo(':path', '*', withPseudo(':method', 'OPTIONS')), 'forward', {
    method: 'OPTIONS',
    target: '*',
  }),
  bare('OPTIONS **', withPseudo(':path', '**', withPseudo(':method', 'OPTIONS')), 'stream'),
  bare('OPTIONS without a path', withPseudo(':path', '', withPseudo(':method', 'OPTIONS')), 'stream'),
]

const GOOD_AUTHORITIES = [
  'app.test',
  'APP.test',
  'app.test:80',
  'app.test:',
  '127.0.0.1:1',
  '[::1]',
  '[::1]:80',
  'a_b-c.d~',
]
const BAD_AUTHORITIES = [
  'user@app.test',
  'user:pw@app.test',
  'app.test@evil.test',
  '@app.test',
  'a b',
  'app.test ',
  'app.test/',
  'app.test/x',
  'app.test?x',
  'app.test#x',
  'app.test\\x',
  'app.test:80:80',
  'app.test:x',
  'app.test:-1',
  'app.test:+1',
  'app.test:99999',
  ':80',
  ':',
  '[::1',
  '::1]',
  '[]',
  '[::1]x',
  '[::1]80',
  'a[::1]',
  'app.test\0',
  'app.test\r\nx-evil: 1',
  'app.test\nx',
  'app.test\tx',
  '"app.test"',
  '<app>',
  'a|b',
  'a^b',
  'a{b}',
  'a`b',
  'app\xe4.test',
  'http://app.test',
  `app.test\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: app.test`,
]
const authorities: Case[] = [
  ...each(GOOD_AUTHORITIES, (authority) =>
    bare('the authority', withPseudo(':authority', authority), 'forward', { authority }),
  ),
  ...each(BAD_AUTHORITIES, (value) => bare('the authority', withPseudo(':authority', value), 'stream')),
  ...each(BAD_AUTHORITIES, (value) =>
    bare('the host alone', [...withPseudo(':authority', undefined), ['host', value]], 'stream'),
  ),
  ...each(GOOD_AUTHORITIES, (authority) =>
    bare('the host alone', [...withPseudo(':authority', undefined), ['host', authority]], 'forward', { authority }),
  ),
  got('host as :authority', [['host', 'app.test']], 'forward', { authority: 'app.test' }),
  got('host as :authority but for case', [['host', 'APP.TEST']], 'forward', { authority: 'app.test' }),
  // RFC 9113 §8.3.1: compared in the normal form of the scheme.
  ...each(['app.test:80', 'App.Test:80', 'app.test:'], (host) =>
    got('the :authority in other words as host', [['host', host]], 'forward', { authority: 'app.test' }),
  ),
  ...each(
    [
      'evil.test',
      'app.test:443',
      'app.test:080',
      'app.test:80:80',
      'app.test.',
      '',
      'app.test, evil.test',
      'app.test@evil.test',
    ],
    (host) => got('beside another :authority the host', [['host', host]], 'stream'),
  ),
  bare('neither', withPseudo(':authority', undefined), 'stream'),
  bare('an empty :authority', withPseudo(':authority', ''), 'stream'),
  bare('an empty :authority beside a host', [...withPseudo(':authority', ''), ['host', 'app.test']], 'stream'),
  bare('an empty host alone', [...withPseudo(':authority', undefined), ['host', '']], 'stream'),
  ...[
    ['app.test', 'app.test'],
    ['app.test', 'evil.test'],
    ['', 'app.test'],
    ['app.test', ''],
  ].map(([one, two]) =>
    got(
      `two hosts, ${one} and ${two}`,
      [
        ['host', one as string],
        ['host', two as string],
      ],
      'stream',
    ),
  ),
]

const schemes: Case[] = [
  bare('the scheme https', withPseudo(':scheme', 'https'), 'forward'),
  ...each(
    ['', 'ftp', 'HTTP', 'http:', 'http://evil.test/', 'http\r\nx: y', 'ws', 'file', 'http ', 'http\0'],
    (scheme) => bare('the scheme', withPseudo(':scheme', scheme), 'stream'),
  ),
]

const PSEUDO = [':method', ':scheme', ':authority', ':path']
const counted: Case[] = [
  ...[':method', ':scheme', ':path'].map((name) => bare(`no ${name}`, withPseudo(name, undefined), 'stream')),
  ...PSEUDO.flatMap((name) => {
    const [, value] = GET.find(([one]) => one === name) as [string, string]
    const others = withPseudo(name, undefined)
    return [
      bare(`${name} twice`, [...GET, [name, value]], 'stream'),
      bare(`${name} twice, another first`, [[name, 'x'], ...GET], 'stream'),
      bare(`${name} empty and then as it should be`, [[name, ''], ...GET], 'stream'),
      bare(`${name} behind a field`, [...others, ['x-a', '1'], [name, value]], 'stream'),
      bare(`${name} again behind a field`, [...GET, ['x-a', '1'], [name, value]], 'stream'),
    ]
  }),
  ...each([':status', ':x', ':', ':Method', ':host', ':content-length', ':transfer-encoding', ': method'], (name) =>
    bare('no request has', [...GET, [name, '200']], 'stream'),
  ),
  bare(':protocol without CONNECT', [...GET, [':protocol', 'websocket']], 'stream'),
  bare('an empty :protocol without CONNECT', [...GET, [':protocol', '']], 'stream'),
  bare('in another order', [...GET].reverse(), 'forward', { method: 'GET', target: '/', authority: 'app.test' }),
  bare('nothing at all', [], 'stream'),
  bare('fields alone', [['x-a', '1']], 'stream'),
]

/** A refused tunnel is a request like any other: inbound nothing is connected to that is not the application. */
const CONNECT: [string, string][] = [
  [':method', 'CONNECT'],
  [':authority', 'app.test:80'],
]
const EXTENDED: [string, string][] = [[':protocol', 'websocket'], ...withPseudo(':method', 'CONNECT')] as never
const connects: Case[] = [
  ...[':scheme', ':path'].map((name) =>
    sent(`CONNECT with ${name}`, [...CONNECT, [name, name === ':path' ? '/' : 'http']], [body('x')], 'stream'),
  ),
  ...each(['app.test', 'app.test:', ':80', '', 'app.test:x', 'app.test:80/x', 'u@app.test:80', 'a b:80'], (authority) =>
    sent('CONNECT to', [CONNECT[0]!, [':authority', authority]], [body('x')], 'stream'),
  ),
  sent('CONNECT with a length', [...CONNECT, ['content-length', '1']], [body('x')], 'stream'),
  sent('CONNECT without :authority', [CONNECT[0]!, ['x-a', '1']], [body('x')], 'stream'),
  sent('CONNECT beside another host', [...CONNECT, ['host', 'evil.test:80']], [body('x')], 'stream'),
  ...['h2c', 'H2C', '', 'a b', 'websocket\r\nx: y', 'a, b', 'websocket,h2c', 'TLS/1.0', 'HTTP/2.0'].map((protocol) =>
    sent(
      `extended CONNECT to ${JSON.stringify(protocol)}`,
      withPseudo(':protocol', protocol, EXTENDED),
      [body('x')],
      'stream',
    ),
  ),
  ...[':scheme', ':path', ':authority'].map((name) =>
    sent(`extended CONNECT without ${name}`, withPseudo(name, undefined, EXTENDED), [body('x')], 'stream'),
  ),
  sent('extended CONNECT with a length', [...EXTENDED, ['content-length', '1']], [body('x')], 'stream'),
  sent('extended CONNECT to *', withPseudo(':path', '*', EXTENDED), [body('x')], 'stream'),
  sent(
    'extended CONNECT to a path of smuggling',
    withPseudo(':path', `/${SMUGGLING}`, EXTENDED),
    [body('x')],
    'stream',
  ),
  sent('POST with :protocol', [...POST, [':protocol', 'websocket']], [body('x')], 'stream'),
  sent('two :protocol', [...EXTENDED, [':protocol', 'websocket']], [body('x')], 'stream'),
]

export const pseudo: readonly Case[] = [...methods, ...paths, ...authorities, ...schemes, ...counted, ...connects]
