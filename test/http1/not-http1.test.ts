/** Clients that speak neither HTTP/1.1 nor HTTP/2 to a listener: refused in words they can read, at once, and nobody else is harmed. */
import http2wrapper from 'http2-wrapper'
import t from 'tap'
import { services, startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'
import { answering, startRawOrigin } from '../support/raw-origin.ts'
import { readResponse, values } from '../support/read-message.ts'

t.test('a client that is no HTTP/1.1 client', async (t) => {
  const origin = await startRawOrigin(answering(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'))
  const proxy = await startProxy(services({ origin: origin.port }), { app: origin.port })

  for (const [name, bytes] of [
    ['half a preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\n'],
    ['a TLS hello', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
    ['HTTP/0.9', 'GET /\r\n'],
    ['HTTP/2.0 in the request line', 'GET / HTTP/2.0\r\nHost: origin\r\n\r\n'],
    ['RTSP', 'OPTIONS rtsp://origin RTSP/1.0\r\nCSeq: 1\r\n\r\n'],
    ['a PROXY protocol line', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET / HTTP/1.1\r\nHost: origin\r\n\r\n'],
    ['NULs', '\0\0\0\0'],
  ] as const) {
    t.test(`${name} gets 400 and the end, on both listeners`, async (t) => {
      for (const port of [proxy.inbound, proxy.outbound]) {
        const client = await connect(port)
        client.send(bytes)
        // HTTP/0.9 looks like half a request line until nothing more comes.
        if (name === 'HTTP/0.9') client.halfClose()
        await client.untilEnded()
        if (name !== 'HTTP/0.9') {
          const answer = readResponse(client.received)
          t.equal(answer?.status, 400)
          t.strictSame(answer && values(answer, 'connection'), ['close'])
          t.strictSame(answer && values(answer, 'x-outrigger-reason'), ['protocol_error_downstream'])
        }
        client.destroy()
      }
      t.equal(origin.requests.length, 0)
    })
  }

  t.test('three words that name no protocol get the end and no answer, for they may be a broken preface', async (t) => {
    const client = await connect(proxy.outbound)
    client.send('INVALID CONNECTION PREFACE\r\n\r\n')
    t.equal(String(await client.untilEnded()), '')
    client.destroy()
  })

  t.test("http2-wrapper's auto falls back to HTTP/1.1 and is served", async (t) => {
    const url = new URL(`http://127.0.0.1:${proxy.outbound}/`)
    const request = await http2wrapper.auto(url, { headers: { host: 'origin' } })
    const status = await new Promise((resolve, reject) => {
      request.once('response', (response: { statusCode: number; resume(): void }) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.once('error', reject)
      request.end()
    })
    t.equal(status, 200)
  })

  t.test('the next client is served', async (t) => {
    const client = await connect(proxy.outbound)
    client.send('GET / HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n')
    t.match(String(await client.untilEnded()), /hi$/)
    client.destroy()
  })

  t.teardown(async () => {
    await proxy.stop()
    await origin.close()
  })
})
