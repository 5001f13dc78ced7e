import t from 'tap'
import { connect } from './raw.ts'
import { answering, startRawOrigin } from './raw-origin.ts'
import { readRequest, readResponse, values } from './read-message.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'

t.test('readResponse reads length, chunked with trailers, until close, and none', async (t) => {
  const length = readResponse(Buffer.from(`${OK}rest`))
  t.match(length, { status: 200, framing: 'length', next: OK.length })
  t.equal(length?.body.toString(), 'hi')
  const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n1\r\n!\r\n0\r\nX-Sum: 3\r\n\r\n'
  const chunked = readResponse(Buffer.from(text))
  t.equal(chunked?.body.toString(), 'hi!')
  t.strictSame(chunked?.trailers, ['X-Sum', '3'])
  for (let i = 0; i < text.length; i++) t.equal(readResponse(Buffer.from(text.slice(0, i))), undefined, `cut at ${i}`)
  const close = Buffer.from('HTTP/1.1 200 OK\r\n\r\nall of it')
  t.equal(readResponse(close), undefined)
  t.equal(readResponse(close, { closed: true })?.body.toString(), 'all of it')
  t.equal(readResponse(Buffer.from(OK), { method: 'HEAD' })?.next, OK.length - 2)
  t.equal(readResponse(Buffer.from('HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n'))?.framing, 'none')
})

t.test('readResponse collects 1xx heads in front', async (t) => {
  const message = readResponse(Buffer.from(`HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 100 \r\n\r\n${OK}`))
  t.equal(message?.status, 200)
  t.strictSame(
    message?.informational.map((head) => head.status),
    [103, 100],
  )
})

t.test('readResponse and readRequest refuse what nobody may send', async (t) => {
  for (const text of [
    'HTTP/1.1 200\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\nA: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
  ]) {
    t.throws(() => readResponse(Buffer.from(text)), { name: 'Nonsense' }, JSON.stringify(text))
  }
  for (const text of ['GET / HTTP/1.0\r\n\r\n', 'GET  / HTTP/1.1\r\n\r\n', '\r\nGET / HTTP/1.1\r\n\r\n']) {
    t.throws(() => readRequest(Buffer.from(text)), { name: 'Nonsense' }, JSON.stringify(text))
  }
})

t.test('RawOrigin plays its script and keeps what came', async (t) => {
  const origin = await startRawOrigin(answering((request) => (request.method === 'POST' ? OK : 'nonsense')))
  const client = await connect(origin.port)
  await client.sendCut('POST /a HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc', [1, 7, 30])
  t.equal(await client.until('hi'), OK)
  t.equal(origin.requests.length, 1)
  t.match(origin.requests[0], { method: 'POST', target: '/a', framing: 'length' })
  t.strictSame(values(origin.requests[0]!, 'x-a'), ['1'])
  client.send('GET /b HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until('nonsense')
  client.halfClose()
  await origin.close()
  await client.untilClosed()
  t.strictSame(origin.errors, [])
})

t.test('RawSocket tells a FIN from a RST', async (t) => {
  const origin = await startRawOrigin(async (peer, index) => {
    await peer.head()
    if (index === 0) peer.send('bye').halfClose()
    else peer.reset()
  })
  for (const [index, ending] of ['fin', 'reset'].entries()) {
    const client = await connect(origin.port)
    client.send('GET / HTTP/1.1\r\n\r\n')
    await client.untilEnded()
    t.equal(client.ending, ending)
    t.equal(client.text, index === 0 ? 'bye' : '')
    client.destroy()
  }
  await origin.close()
})
