import { connect as connectTls } from 'node:tls'
import { Duplex } from 'node:stream'
import t from 'tap'
import { serverName } from '../../src/server/client-hello.ts'
import { isServerPreface, proxiedAuthority, sniff, type Sniffed } from '../../src/server/sniff.ts'

const CASES: readonly (readonly [bytes: string, is: Sniffed])[] = [
  ['', 'more'],
  ['G', 'more'],
  ['GET', 'more'],
  ['GET ', 'more'],
  ['GET /', 'http1'],
  ['\r\n\r\nGET / HTTP/1.1\r\n', 'http1'],
  ['OPTIONS * HTTP/1.1\r\n', 'http1'],
  ['GET http://a/ HTTP/1.1\r\n', 'http1'],
  ['CONNECT a:80 HTTP/1.1\r\n', 'http1'],
  ['CONNECT a:80', 'more'],
  ['PURGE /x', 'more'],
  ['PURGE /x HTTP/1.1\r\n', 'http1'],
  ['PURGE /x HTTP/1.1\n', 'http1'],
  ['GET /x', 'http1'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n and more', 'http2'],
  ['PRI * HTTP/2.0\r\n', 'more'],
  ['PRI * HTTP/2.0\r\n\r\nXX', 'http1'],
  ['\x16\x03\x01\x00\x05\x01', 'tls'],
  ['\x16\x03', 'more'],
  ['\x16\x04', 'opaque'],
  ['\x16\x03\x01\x00\x05\x02', 'opaque'],
  // Redis, memcached, NATS, IRC, PostgreSQL, DNS over TCP.
  ['PING\r\n', 'opaque'],
  ['*1\r\n$4\r\nPING\r\n', 'opaque'],
  ['SET key value\r\n', 'opaque'],
  ['get /key\r\n', 'opaque'],
  ['CONNECT {"verbose":false}\r\n', 'opaque'],
  ['NICK me\r\nUSER a b c d\r\n', 'opaque'],
  ['\x00\x00\x00\x08\x04\xd2\x16\x2f', 'opaque'],
  ['\x00\x1d\x12\x34', 'opaque'],
  [' GET / HTTP/1.1\r\n', 'opaque'],
  ['GET  / HTTP/1.1\r\n', 'opaque'],
  ['A'.repeat(30), 'opaque'],
  [`FIND ${'x'.repeat(20_000)}`, 'opaque'],
  ['\r\n'.repeat(20), 'opaque'],
]

for (const [text, is] of CASES) {
  t.test(`sniff() takes ${JSON.stringify(text.slice(0, 40))} for ${is}`, async (t) => {
    t.equal(sniff(Buffer.from(text, 'latin1')), is)
  })
}

t.test('sniff() never changes its mind, however a request is cut', async (t) => {
  const whole = Buffer.from('DELETE /v1/items HTTP/1.1\r\nHost: a\r\n\r\n')
  const seen = Array.from(whole, (_, at) => sniff(whole.subarray(0, at + 1)))
  const decided = seen.indexOf('http1')
  t.ok(decided > 0)
  t.ok(seen.slice(0, decided).every((is) => is === 'more'))
  t.ok(seen.slice(decided).every((is) => is === 'http1'))
})

t.test('isServerPreface() knows SETTINGS of HTTP/2 from what other servers begin with', async (t) => {
  for (const [hex, is] of [
    ['000000040000000000', true],
    ['00001204000000000000030000006400040000ffff', true],
    ['0000000400000000', false],
    ['000000040100000000', false],
    ['000000040000000001', false],
    ['000007040000000000', false],
    ['000600040000000000', false],
    [Buffer.from('220 hello\r\n').toString('hex'), false],
    // MySQL: a length of three bytes, a number, the version of its protocol.
    ['4a0000000a352e372e3333', false],
  ] as const) {
    t.equal(isServerPreface(Buffer.from(hex, 'hex')), is, hex)
  }
})

t.test('proxiedAuthority() reads whom a request for a forward proxy is for', async (t) => {
  for (const [text, authority] of [
    ['CONNECT a.test:443 HTTP/1.1\r\n', 'a.test:443'],
    ['GET http://a.test:81/x?y HTTP/1.1\r\n', 'a.test:81'],
    ['GET HTTP://a.test?y HTTP/1.1\r\n', 'a.test:80'],
    ['GET https://a.test:/ HTTP/1.1\r\n', 'a.test:443'],
    ['GET http://[::1]/ HTTP/1.1\r\n', '[::1]:80'],
    ['GET /http://a.test/ HTTP/1.1\r\n', ''],
    ['OPTIONS * HTTP/1.1\r\n', ''],
  ] as const) {
    t.equal(proxiedAuthority(Buffer.from(text)), authority)
  }
})

/** The first bytes that a client of TLS sends. */
function hello(servername?: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({ read: () => {}, write: (chunk) => resolve(chunk) })
    connectTls({ socket: wire, ...(servername === undefined ? {} : { servername }) }).on('error', () => {})
  })
}

t.test('serverName() reads the name of a real ClientHello, and waits for it to be whole', async (t) => {
  const bytes = await hello('Inventory.shop.test')
  t.equal(sniff(bytes), 'tls')
  t.equal(serverName(bytes), 'inventory.shop.test')
  for (let size = 0; size < bytes.length; size++) t.equal(serverName(bytes.subarray(0, size)), undefined)
  t.equal(serverName(await hello()), '')
})

t.test('serverName() reads a ClientHello that is spread over several records', async (t) => {
  const bytes = await hello('a.test')
  const body = bytes.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < body.length; at += 50) {
    const part = body.subarray(at, at + 50)
    records.push(Buffer.from([0x16, 3, 1, 0, part.length]), part)
  }
  t.equal(serverName(Buffer.concat(records)), 'a.test')
})

t.test('serverName() gives up on a ClientHello in more records than anybody makes of one', async (t) => {
  // Else each record that a stranger sends is a walk over all before it: 32 KiB of them held the process for 0.2 s.
  const record = (byte: number): Buffer => Buffer.from([0x16, 3, 1, 0, 1, byte])
  const head = [1, 0xff, 0xff, 0xff].map(record)
  const many = (count: number): Buffer => Buffer.concat([...head, ...Array.from({ length: count }, () => record(0))])
  t.equal(serverName(many(10)), undefined)
  t.equal(serverName(many(1000)), '')
})

t.test('serverName() takes no empty record, which is not allowed (RFC 8446 §5.1)', async (t) => {
  t.equal(serverName(Buffer.from([0x16, 3, 1, 0, 0])), '')
})

t.test('serverName() makes nothing of what is malformed', async (t) => {
  const bytes = await hello('a.test')
  for (let at = 43; at < bytes.length; at++) {
    const broken = Buffer.from(bytes)
    broken[at] = 0xff
    const name = serverName(broken)
    t.ok(name === undefined || typeof name === 'string')
  }
})
