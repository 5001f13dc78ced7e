/** Files that many sidecars share hold a Service for each of them: one has the name of the sidecar that reads it. */
import t from 'tap'
import { ask, field, get } from '../support/ask.ts'
import type { Message } from '../support/read-message.ts'
import { HI, scene } from '../support/scene.ts'

const CONTEXT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

t.test('propagate of that Service is for those who call it: the application is told its context', async (t) => {
  const yaml = 'kind: Service\nname: test\nendpoints: ["10.0.0.1:80"]\npropagate: none\n'
  const { port, origin } = await scene(t, HI, { inbound: true, yaml })
  await ask(port, get('/', `traceparent: ${CONTEXT}`, 'baggage: a=b'))
  const sent = origin.requests[0] as Message
  t.same([field(sent, 'traceparent'), field(sent, 'baggage')], [CONTEXT, 'a=b'])
})

t.test('Outbound it holds', async (t) => {
  const { port, origin } = await scene(t, HI, { service: 'propagate: none' })
  await ask(port, get('/', `traceparent: ${CONTEXT}`, 'baggage: a=b'))
  const sent = origin.requests[0] as Message
  t.same([field(sent, 'traceparent'), field(sent, 'baggage')], [undefined, undefined])
})
