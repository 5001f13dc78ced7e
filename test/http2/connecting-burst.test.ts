/** Many requests to an upstream that is still being connected to: their heads fill the socket, and bodies wait behind them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { answering, http2RawOrigin } from '../support/http2-raw.ts'
import { services } from '../support/proxy.ts'
import { port, start } from '../support/spawned.ts'
import { PemFolder } from '../support/tls.ts'

const CLIENTS = 99
const COOKIE = 16_000

// In a process of its own: what this is about span for ever, and would take the test with it.
t.test('A hundred requests with large heads and a body, all while the connection is made', async (t) => {
  const origin = await http2RawOrigin(t, answering())
  const yaml = services({ origin: origin.port }).replace('endpoints:', 'protocol: http2\nendpoints:')
  const config = new PemFolder(t).write('policy.yaml', yaml)
  const local = '127.0.0.1:0'
  const sidecar = start(t, ['run', '--config', config, '--outbound', local, '--admin', local])
  const ready = await sidecar.ready()
  const clients: Socket[] = []
  t.teardown(() => {
    for (const client of clients) client.destroy()
  })
  for (let i = 0; i < CLIENTS; i++) {
    const client = connect(port(ready.outbound), '127.0.0.1')
    clients.push(client)
    await once(client, 'connect')
  }
  for (let accepted = 0; accepted < CLIENTS; ) {
    const state = await fetch(`http://${ready.admin}/state`)
    accepted = ((await state.json()) as { connections: { outbound: number } }).connections.outbound
  }
  const answers = clients.map((client) => once(client, 'data'))
  // All are read in one turn, before the one in which the connection is made.
  sidecar.kill('SIGSTOP')
  await Promise.all(
    clients.map(async (client, i) => {
      const cookie = String(i)
        .padStart(4, 'x')
        .repeat(COOKIE / 4)
      const asked = `POST / HTTP/1.1\r\nHost: origin\r\nCookie: ${cookie}\r\nContent-Length: 2\r\n\r\nhi`
      await new Promise((resolve) => client.write(asked, resolve))
    }),
  )
  sidecar.kill('SIGCONT')
  for (const [answer] of await Promise.all(answers)) t.match(answer.toString('latin1'), /^HTTP\/1\.1 200 /)
})
