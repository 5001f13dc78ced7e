import t from 'tap'
import { answer, request } from '../support/ask.ts'
import { HI, scene } from '../support/scene.ts'

t.test('What is believed of a head only does not come in by the trailers', async (t) => {
  const { client, origin } = await scene(t, HI, { inbound: true })
  const connection = await client()
  const trailers = [
    'X-Forwarded-For: 1.2.3.4',
    'Forwarded: for=1.2.3.4',
    'x-outrigger-timeout-ms: 1',
    'Via: 1.1 me',
    'X-Sum: 7',
  ]
  connection.send(`${request('POST /', ['Transfer-Encoding: chunked'])}0\r\n${trailers.join('\r\n')}\r\n\r\n`)
  await answer(connection)
  t.strictSame(origin.requests[0]?.trailers, ['X-Sum', '7'])
})
