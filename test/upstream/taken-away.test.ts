/** An endpoint that is gone, and those who were about to be connected to it. */
import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import http from 'node:http'
import http2 from 'node:http2'
import { syncBuiltinESMExports } from 'node:module'
import type net from 'node:net'
import t from 'tap'
import { eventually, request, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { connect } from '../support/raw.ts'
import { startProxy } from '../support/proxy.ts'
import { silentAddress } from '../support/silent-address.ts'

/** Of a body of which only the beginning is read until there is a connection. */
const BEGINNING = 8 * 1024
const WHOLE = 300_000

async function count(asked: AsyncIterable<Buffer>, answer: { end(text: string): unknown }): Promise<void> {
  let bytes = 0
  for await (const chunk of asked) bytes += chunk.length
  answer.end(`${bytes}`)
}

const origins: Record<string, () => net.Server> = {
  http1: () => http.createServer(count),
  http2: () => http2.createServer(count),
}

for (const [protocol, make] of Object.entries(origins)) {
  t.test(`Who waits for a connection to an endpoint that is gone goes elsewhere at once (${protocol})`, async (t) => {
    const silent = await silentAddress()
    t.teardown(() => silent.close())
    const another = await silentAddress('127.0.0.3', silent.port)
    t.teardown(() => another.close())
    const origin = make()
    await new Promise<void>((resolve) => origin.listen(silent.port, '127.0.0.2', resolve))
    t.teardown(() => origin.close())
    let found = '127.0.0.1'
    const { restore } = t.intercept(dns, 'lookup', {
      value(_name: string, _options: LookupOptions, done: (error: null, found: LookupAddress[]) => void) {
        setImmediate(() => done(null, [{ address: found, family: 4 }]))
      },
    })
    syncBuiltinESMExports()
    t.teardown(() => {
      restore()
      syncBuiltinESMExports()
    })
    const clock = new FakeClock()
    const proxy = await startProxy(
      'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
        `kind: Service\nname: shop\nprotocol: ${protocol}\ndns: {name: shop.test, port: ${silent.port}, refresh: 1s}\n---\n` +
        'kind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\ntimeout: {connect: 1h}\n',
      { clock },
    )
    t.teardown(() => proxy.stop())
    const endpoints = async () => (await state(proxy)).endpoints
    await eventually('the look-up', async () => (await endpoints()).length === 1)
    const client = await connect(proxy.outbound)
    t.teardown(() => client.destroy())
    client.send(request('POST /', ['Host: shop', 'Connection: close', `Content-Length: ${WHOLE}`]))
    client.send(Buffer.alloc(BEGINNING))
    await eventually('a connection being made', async () => (await endpoints())[0]?.inflight === 1)
    client.send(Buffer.alloc(WHOLE - BEGINNING))
    // One that is on its way out, too, is one endpoint more and not one failure.
    for (found of ['127.0.0.3', '127.0.0.2']) {
      clock.advance(1100)
      await eventually('the other one', async () => (await endpoints())[0]?.address.startsWith(found) === true)
    }
    await client.untilEnded()
    t.match(client.text, /^HTTP\/1\.1 200 .*\r\n\r\n(?:6\r\n)?300000/s)
  })
}
