/**
 * Upstreams that lie, stumble and babble. Whatever they send, the client is told, or sees that the answer is not whole;
 * what was not its answer never reaches it; and the connection is not used again.
 */
import t, { type Test } from 'tap'
import { readByClient } from './read-client.ts'
import { services, startProxy } from '../support/proxy.ts'
import { connect, type RawSocket } from '../support/raw.ts'
import { type OriginPeer, type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts'
import { type Message, readResponse, values } from '../support/read-message.ts'

/** How an answer must look from the client's side. */
type Expected =
  /** 502 of ours with this reason. */
  | { readonly told: string }
  /** A head may have come, but the client cannot take the answer for whole. */
  | 'broken'
  /** A whole answer with this body, and nothing behind it. */
  | { readonly served: string; readonly status?: number }

interface Case {
  readonly name: string
  readonly answer: string
  /** What the upstream does behind its bytes. */
  readonly ends?: 'fin' | 'reset'
  readonly expected: Expected
  readonly request?: string
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const NONSENSE = { told: 'protocol_error_upstream' }
const LOST = { told: 'upstream_reset' }

function head(name: string, answer: string): Case {
  return { name, answer, expected: NONSENSE }
}

function body(name: string, content: string, ends?: 'fin' | 'reset'): Case {
  return { name: `chunked: ${name}`, answer: CHUNKED + content, expected: 'broken', ...(ends && { ends }) }
}

const CASES: readonly Case[] = [
  // Status lines
  head('status line of letters', 'HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('status 000', 'HTTP/1.1 000 No\r\nContent-Length: 2\r\n\r\nhi'),
  head('status 099', 'HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nhi'),
  {
    name: 'status 600',
    answer: 'HTTP/1.1 600 No\r\nContent-Length: 2\r\n\r\nhi',
    expected: { served: 'hi', status: 600 },
  },
  head('status glued to its phrase', 'HTTP/1.1 200OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('two spaces before the status', 'HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('a space before the status line', ' HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('version HTTP/2', 'HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('version HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('version in lower case', 'http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('ICY', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nhi'),
  head('a NUL in the reason phrase', 'HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nhi'),
  head('a request instead of an answer', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  head('another protocol (SSH)', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'),
  head('another protocol (TLS alert)', '\x15\x03\x01\x00\x02\x02\x46'),
  head('another protocol (HTTP/2 SETTINGS)', '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64'),
  head('another protocol (HTTP/2 preface)', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  head('an answer as HTML alone', '<html>hello</html>\r\n\r\n'),
  // Field lines
  head('bare LF behind every line', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi'),
  head('bare LF behind one line', 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\nhi'),
  head('bare LF as the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi\r\n\r\n'),
  head('bare CR in a value', 'HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 2\r\n\r\nhi'),
  head('bare CR behind a line', 'HTTP/1.1 200 OK\r\nA: b\rContent-Length: 2\r\n\r\nhi'),
  head('NUL in a value', 'HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 2\r\n\r\nhi'),
  head('NUL in a name', 'HTTP/1.1 200 OK\r\nA\0: b\r\nContent-Length: 2\r\n\r\nhi'),
  head('space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi'),
  head('tab before the colon', 'HTTP/1.1 200 OK\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n'),
  head('no colon', 'HTTP/1.1 200 OK\r\nContent-Length 2\r\n\r\nhi'),
  head('no name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\nhi'),
  head('a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nhi'),
  head('a first line that begins with a space', 'HTTP/1.1 200 OK\r\n A: b\r\nContent-Length: 2\r\n\r\nhi'),
  head('a name in brackets', 'HTTP/1.1 200 OK\r\n(A): b\r\nContent-Length: 2\r\n\r\nhi'),
  // Framing
  head('both framings', `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  head('both framings, the other way round', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`),
  head('differing lengths', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!`),
  head('differing lengths in one line', `${OK}Content-Length: 2, 3\r\n\r\nhi!`),
  head('a negative length', `${OK}Content-Length: -2\r\n\r\nhi`),
  head('a length with a sign', `${OK}Content-Length: +2\r\n\r\nhi`),
  head('a hexadecimal length', `${OK}Content-Length: 0x2\r\n\r\nhi`),
  head('a length of letters', `${OK}Content-Length: two\r\n\r\nhi`),
  head('an empty length', `${OK}Content-Length:\r\n\r\nhi`),
  head('a length past 2^53', `${OK}Content-Length: 99999999999999999999\r\n\r\nhi`),
  head('a length past 2^64, which wraps to 2', `${OK}Content-Length: 18446744073709551618\r\n\r\nhi`),
  head('chunked not last', `${OK}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`),
  head('another coding before chunked', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`),
  head('chunked twice in one line', `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`),
  head('chunked in two lines', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  head('an empty second Transfer-Encoding', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n`),
  head('identity', `${OK}Transfer-Encoding: identity\r\n\r\nhi`),
  head('an unknown coding', `${OK}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`),
  head('chunked in quotes', `${OK}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`),
  head('chunked from HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  head('204 with a length', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi'),
  head('204 that is chunked', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'),
  // Heads too large
  head('a head of 100 KiB', `${OK}A: ${'a'.repeat(100_000)}\r\nContent-Length: 2\r\n\r\nhi`),
  head('a head that never ends', `${OK}${'A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(5000)}`),
  head('a status line that never ends', `HTTP/1.1 200 ${'a'.repeat(100_000)}`),
  head('more than 200 fields', `${OK}${'a:b\r\n'.repeat(201)}Content-Length: 2\r\n\r\nhi`),
  // Another protocol, whose server waits for what its client says
  head('the first line of SSH', 'SSH-2.0-OpenSSH_9.2\r\n'),
  head('the first line of SMTP', '220 mail ESMTP\r\n'),
  head('HTTP, almost', 'HTTP/2'),
  // Interim answers
  head('a 101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
  {
    ...head('a 101 to another protocol', 'HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
    request: 'GET /1 HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  },
  {
    ...head('a 101 that does not say to what', 'HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\n\r\n'),
    request: 'GET /1 HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  },
  head('a 100 with a body', `HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\nhi${OK}Content-Length: 0\r\n\r\n`),
  head('a 103 that is chunked', 'HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  {
    name: 'a thousand interim answers',
    answer: `${'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n'.repeat(1000)}${OK}Content-Length: 2\r\n\r\nhi`,
    expected: NONSENSE,
  },
  { name: 'an interim answer and no other', answer: 'HTTP/1.1 100 Continue\r\n\r\n', ends: 'fin', expected: LOST },
  // No answer
  { name: 'the end at once', answer: '', ends: 'fin', expected: LOST },
  { name: 'a reset at once', answer: '', ends: 'reset', expected: LOST },
  { name: 'half a status line', answer: 'HTTP/1.1 20', ends: 'fin', expected: LOST },
  { name: 'half a head', answer: `${OK}Content-Le`, ends: 'fin', expected: LOST },
  { name: 'a head without its empty line', answer: `${OK}Content-Length: 0\r\n`, ends: 'fin', expected: LOST },
  { name: 'half a head, reset', answer: `${OK}Content-Le`, ends: 'reset', expected: LOST },
  // Lengths that lie
  { name: 'a length that is too long', answer: `${OK}Content-Length: 9\r\n\r\nhi`, ends: 'fin', expected: 'broken' },
  { name: 'a length, then a reset', answer: `${OK}Content-Length: 9\r\n\r\nhi`, ends: 'reset', expected: 'broken' },
  { name: 'a length without a byte', answer: `${OK}Content-Length: 9\r\n\r\n`, ends: 'fin', expected: 'broken' },
  { name: 'a length that is too short', answer: `${OK}Content-Length: 2\r\n\r\nhi!`, expected: { served: 'hi' } },
  {
    name: 'two answers',
    answer: `${OK}Content-Length: 2\r\n\r\nhi${OK}Content-Length: 4\r\n\r\nevil`,
    expected: { served: 'hi' },
  },
  {
    name: 'chunked, and another answer',
    answer: `${CHUNKED}2\r\nhi\r\n0\r\n\r\n${OK}Content-Length: 4\r\n\r\nevil`,
    expected: { served: 'hi' },
  },
  {
    name: '204 with body bytes',
    answer: 'HTTP/1.1 204 No Content\r\n\r\nhi',
    expected: { served: '', status: 204 },
  },
  {
    name: '304 with body bytes',
    answer: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nhi',
    expected: { served: '', status: 304 },
  },
  {
    name: 'HEAD with body bytes',
    answer: `${OK}Content-Length: 2\r\n\r\nhi`,
    request: 'HEAD /1 HTTP/1.1\r\nHost: HOST\r\n\r\n',
    expected: { served: '' },
  },
  {
    name: 'HEAD with a chunked body',
    answer: `${CHUNKED}2\r\nhi\r\n0\r\n\r\n`,
    request: 'HEAD /1 HTTP/1.1\r\nHost: HOST\r\n\r\n',
    expected: { served: '' },
  },
  {
    name: 'close, honoured',
    answer: `${OK}Connection: close\r\nContent-Length: 2\r\n\r\nhi`,
    expected: { served: 'hi' },
  },
  { name: 'HTTP/1.0', answer: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', expected: { served: 'hi' } },
  { name: 'a body until close', answer: `${OK}\r\nhi`, ends: 'fin', expected: { served: 'hi' } },
  { name: 'a body until close, reset', answer: `${OK}\r\nhi`, ends: 'reset', expected: 'broken' },
  // Chunks
  body('a size of letters', 'zz\r\nhi\r\n0\r\n\r\n'),
  body('no size', '\r\nhi\r\n0\r\n\r\n'),
  body('a negative size', '-2\r\nhi\r\n0\r\n\r\n'),
  body('a size with a sign', '+2\r\nhi\r\n0\r\n\r\n'),
  body('a size with 0x', '0x2\r\nhi\r\n0\r\n\r\n'),
  body('a space before the size', ' 2\r\nhi\r\n0\r\n\r\n'),
  body('a space behind the size', '2 \r\nhi\r\n0\r\n\r\n'),
  body('a size that wraps', '10000000000000002\r\nhi\r\n0\r\n\r\n'),
  body('a size line ended by LF', '2\nhi\r\n0\r\n\r\n'),
  body('a size line ended by CR', '2\rhi\r\n0\r\n\r\n'),
  body('data ended by LF', '2\r\nhi\n0\r\n\r\n'),
  body('data without an end', '2\r\nhi0\r\n\r\n'),
  body('data longer than its size', '2\r\nhi!\r\n0\r\n\r\n'),
  body('data shorter than its size', '3\r\nhi\r\n0\r\n\r\n'),
  body('an extension with a NUL', '2;a\0\r\nhi\r\n0\r\n\r\n'),
  body('an extension with a bare LF', '2;a\nb\r\nhi\r\n0\r\n\r\n'),
  body('extensions of 20 KiB', `2;${'a'.repeat(20_000)}\r\nhi\r\n0\r\n\r\n`),
  body('trailers with a bare LF', '2\r\nhi\r\n0\r\nA: b\n\r\n'),
  body('a trailer without a colon', '2\r\nhi\r\n0\r\nA b\r\n\r\n'),
  body('a trailer with a space before its colon', '2\r\nhi\r\n0\r\nA : b\r\n\r\n'),
  body('a folded trailer', '2\r\nhi\r\n0\r\nA: b\r\n c\r\n\r\n'),
  body('trailers of 200 KiB', `2\r\nhi\r\n0\r\nA: ${'a'.repeat(200_000)}\r\n\r\n`),
  body('the end within a chunk', '9\r\nhi', 'fin'),
  body('the end behind a chunk', '2\r\nhi\r\n', 'fin'),
  body('the end before the empty line', '2\r\nhi\r\n0\r\n', 'fin'),
  body('the end within the trailers', '2\r\nhi\r\n0\r\nA: b\r\n', 'fin'),
  body('the end at once', '', 'fin'),
  body('a reset within a chunk', '9\r\nhi', 'reset'),
]

const AFTER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nafter'

async function finish(peer: OriginPeer, ends: Case['ends']): Promise<void> {
  if (ends === 'fin') peer.halfClose()
  if (ends === 'reset') {
    // A reset overtakes what was written: let it go out first.
    await new Promise(setImmediate)
    peer.reset()
  }
}

/** The first connection plays the case, every further one is well-behaved. */
function originOf({ answer, ends }: Case): Promise<RawOrigin> {
  return startRawOrigin(async (peer, index) => {
    await peer.request()
    if (index > 0) {
      peer.send(AFTER)
      return
    }
    if (answer !== '') await new Promise<void>((resolve) => peer.socket.write(answer, 'latin1', () => resolve()))
    await finish(peer, ends)
  })
}

/** The answer, once it is whole or the connection has ended; undefined when it never became whole. */
async function answerTo(client: RawSocket, method: string): Promise<Message | undefined> {
  const read = () => readResponse(client.received, { method, closed: client.ending === 'fin' })
  await client.when('an answer, or an end', () => read() !== undefined || client.ending !== 'open')
  return read()
}

function judge(t: Test, one: Case, message: Message | undefined, client: RawSocket): void {
  const { expected } = one
  if (expected === 'broken') {
    t.equal(message, undefined, 'the client sees that it is not whole')
    t.not(client.ending, 'open')
  } else if ('told' in expected) {
    t.equal(message?.status, 502)
    t.strictSame(message && values(message, 'x-outrigger-reason'), [expected.told])
    t.match(message?.body.toString(), expected.told)
  } else {
    t.equal(message?.status, expected.status ?? 200)
    t.equal(message?.body.toString('latin1'), expected.served)
    t.equal(message?.next, client.received.length, 'nothing behind it')
  }
}

async function play(t: Test, one: Case, host: string, port: number, origin: RawOrigin): Promise<void> {
  const client = await connect(port)
  const request = (one.request ?? 'GET /1 HTTP/1.1\r\nHost: HOST\r\n\r\n').replace('HOST', host)
  client.send(request)
  judge(t, one, await answerTo(client, request.slice(0, request.indexOf(' '))), client)
  t.notMatch(client.text, 'evil')
  const first = await origin.peer(0)
  await first.untilEnded()
  const follower = await connect(port)
  follower.send(`GET /2 HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  const after = await answerTo(follower, 'GET')
  t.equal(after?.body.toString(), 'after', 'the next request gets its own answer')
  t.equal(first.requests.length, 1, 'nothing more on the connection')
  t.equal(first.rest.length, 0)
  t.equal(origin.peers.length, 2)
  t.strictSame(origin.errors, [])
  client.destroy()
  follower.destroy()
}

t.test('a malformed answer is told, or visibly broken, and its connection is not used again', async (t) => {
  const origins = await Promise.all(CASES.map(originOf))
  const names = CASES.map((_, i) => `case-${i}`)
  const proxy = await startProxy(services(Object.fromEntries(origins.map(({ port }, i) => [names[i], port]))))
  for (const [i, one] of CASES.entries()) {
    await t.test(one.name, (t) => play(t, one, names[i] as string, proxy.outbound, origins[i] as RawOrigin))
  }
  await proxy.stop()
  for (const origin of origins) await origin.close()
})

/** A proxy before one origin, and what is left when the test is over. */
async function scene(t: Test, script: Script, policy = ''): Promise<{ origin: RawOrigin; port: number }> {
  const origin = await startRawOrigin(script)
  const proxy = await startProxy(services({ origin: origin.port }, policy))
  t.teardown(async () => {
    await proxy.stop()
    await origin.close()
  })
  return { origin, port: proxy.outbound }
}

const GET = 'GET / HTTP/1.1\r\nHost: origin\r\n\r\n'

for (const [name, stray, ends] of [
  ['an answer', `${OK}Content-Length: 4\r\n\r\nevil`, undefined],
  ['a 408 and the end', 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 4\r\n\r\nevil', 'fin'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nLink: evil\r\n\r\n', undefined],
  ['one byte', 'H', undefined],
  ['an empty line', '\r\n', undefined],
] as const) {
  t.test(`${name} that nobody asked for, on an idle connection, is nobody's answer`, async (t) => {
    const { origin, port } = await scene(t, async (peer, index) => {
      await peer.request()
      peer.send(index === 0 ? `${OK}Content-Length: 5\r\n\r\nfirst` : AFTER)
    })
    const client = await connect(port)
    client.send(GET)
    await client.until('first')
    const peer = await origin.peer(0)
    peer.send(stray)
    await finish(peer, ends)
    await peer.untilEnded()
    client.send(GET)
    await client.until('after')
    t.notMatch(client.text, 'evil')
    t.equal(origin.peers.length, 2)
    t.equal(peer.requests.length, 1)
    client.destroy()
  })
}

t.test('a truncated answer to an HTTP/1.0 client ends with a reset, for its end would look like the end', async (t) => {
  for (const [name, answer, ends] of [
    ['chunked', `${CHUNKED}5\r\nhello\r\n`, 'fin'],
    ['chunked, malformed', `${CHUNKED}5\r\nhello\r\nzz\r\n`, undefined],
    ['until close', `${OK}\r\nhello`, 'reset'],
  ] as const) {
    const { port } = await scene(t, async (peer) => {
      await peer.request()
      peer.send(answer)
      const client = await clientThere
      // Only what the client has seen can mislead it.
      await client.until('hello')
      await finish(peer, ends)
    })
    let there: (client: RawSocket) => void = () => {}
    const clientThere = new Promise<RawSocket>((resolve) => {
      there = resolve
    })
    const client = await connect(port)
    there(client)
    client.send('GET / HTTP/1.0\r\nHost: origin\r\n\r\n')
    await client.untilEnded()
    if (name !== 'chunked, malformed') t.match(client.text, /hello$/, name)
    t.equal(client.ending, 'reset', name)
    client.destroy()
  }
})

t.test(
  'an answer that comes before the request is whole is passed on, and neither connection is used again',
  async (t) => {
    const answer = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig'
    const { origin, port } = await scene(t, async (peer, index) => {
      await peer.head()
      peer.send(index === 0 ? answer : AFTER)
    })
    const client = await connect(port)
    client.send('POST / HTTP/1.1\r\nHost: origin\r\nContent-Length: 100\r\n\r\nhello')
    const message = await answerTo(client, 'POST')
    t.equal(message?.status, 413)
    const peer = await origin.peer(0)
    await peer.untilEnded()
    t.match(peer.text, /hello$/)
    // What follows is the rest of the body, not a request: even if it looks like one.
    client.send(GET)
    const follower = await connect(port)
    follower.send(GET)
    await follower.until('after')
    t.equal(origin.peers.length, 2)
    t.equal(client.text.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer')
    client.destroy()
    follower.destroy()
  },
)

t.test('an upstream that never ends its head runs into the timeout, and gives its connection up', async (t) => {
  const policy = 'kind: Policy\nname: short\nmatch: {direction: outbound, service: origin}\ntimeout: {request: 200ms}\n'
  const script: Script = async (peer) => {
    await peer.request()
    peer.send(`${OK}Content-Length: 2\r\nA: `)
    // A byte whenever the last one went out, for as long as somebody takes it.
    const drip = () => peer.ending === 'open' && !peer.closed && peer.socket.write('a', () => setImmediate(drip))
    drip()
  }
  const { origin, port } = await scene(t, script, policy)
  const client = await connect(port)
  client.send(GET)
  const message = await answerTo(client, 'GET')
  t.ok(message?.status === 504 || message?.status === 502, `${message?.status}`)
  await (await origin.peer(0)).untilEnded()
  client.destroy()
})

t.test(
  'BodyReader holds trailers to maxHeaderBytes also when their end comes in the read that goes over it',
  async (t) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n'
    const bytes = Buffer.from(`${head}A: ${'a'.repeat(100_000)}\r\n\r\n`)
    t.equal(readByClient(bytes, [60_000], 'GET', false).terminal, 'fail protocol_error_upstream')
  },
)
