/** A file in shadow mode changes no answer, and nothing that the upstream sees: generated requests past both. */
import t from 'tap'
import { answer, metric, request } from '../support/ask.ts'
import type { Message } from '../support/read-message.ts'
import { connect } from '../support/raw.ts'
import type { Script } from '../support/raw-origin.ts'
import { policy, scene } from '../support/scene.ts'
import { Seeded } from '../support/seeded.ts'

/** As strict as can be: enforced, hardly a request would get through. */
const STRICT = `mode: shadow
timeout: {request: 2ms, perTry: 1ms, idle: 1ms, maxStream: 1ms}
bulkhead: {maxConcurrent: 1, maxStreams: 1}
retry: {max: 5, when: [5xx, upstream_reset, connect_failure, timeout], methods: any, unsafe: true, backoff: {base: 1ms, max: 1ms}, budget: {percent: 100%, window: 10s, minPerSecond: 1000}}
breaker: {scope: service, window: {type: count, size: 1, minimumCalls: 1}, failureRate: 1%, slowCall: {threshold: 1ms, rate: 1%}}
fallback: [{when: [any, 404], use: static, status: 200, body: ours}]
`

/** Plays what the path asks for. */
const PLAYING: Script = async (peer) => {
  for (;;) {
    const { target, method } = await peer.request()
    const [, kind, status] = target.split(/[/?]/)
    const body = method === 'HEAD' ? '' : 'hello'
    if (kind === 'length') peer.send(`HTTP/1.1 ${status} X\r\nX-A: b\r\nContent-Length: 5\r\n\r\n${body}`)
    else if (kind === 'chunked')
      peer.send(
        `HTTP/1.1 ${status} X\r\nTransfer-Encoding: chunked\r\n\r\n${body && '5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'}`,
      )
    else if (kind === 'events')
      peer.send(`HTTP/1.1 ${status} X\r\nContent-Type: text/event-stream\r\nContent-Length: 5\r\n\r\n${body}`)
    else if (kind === 'reset') {
      peer.reset()
      return
    } else {
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf')
      peer.halfClose()
      return
    }
  }
}

const KINDS = ['length', 'length', 'chunked', 'events', 'reset', 'half']
const STATUSES = ['200', '204', '404', '500', '503']

function generated(random: Seeded): string {
  const method = random.pick(['GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE'])
  const kind = random.pick(KINDS)
  const status = kind === 'length' || kind === 'events' ? random.pick(STATUSES.filter((one) => one !== '204')) : '200'
  const body = method === 'POST' || method === 'PUT' ? 'x'.repeat(random.int(2000)) : undefined
  const fields = random.chance(0.3) ? ['Idempotency-Key: k', 'If-Match: a'] : ['X-Y: z']
  return request(`${method} /${kind}/${status}?n=${random.int(1e6)}`, fields, body)
}

const CHANCE = ['traceparent', 'x-request-id', 'via', 'b3', 'tracestate', 'host']

/** Without what is drawn anew for each request. */
function said(message: Message): unknown {
  const { start, fields, body, trailers, framing } = message
  const rest = fields.filter((_, i) => !CHANCE.includes(fields[i & ~1]!.toLowerCase()))
  return { start, fields: rest, body: body.toString(), trailers, framing }
}

async function outcome(port: number, text: string): Promise<unknown> {
  const client = await connect(port)
  client.send(text)
  try {
    return said(await answer(client, 0, text.slice(0, text.indexOf(' '))))
  } catch {
    return client.text.replace(/via: .*\r\n/i, '')
  } finally {
    client.destroy()
  }
}

t.test('A file in shadow mode changes no answer and nothing that goes to the upstream', async (t) => {
  const plain = await scene(t, PLAYING)
  const shadow = await scene(t, PLAYING, { yaml: policy(STRICT) })
  const random = new Seeded(46)
  for (let i = 0; i < 150; i++) {
    const text = generated(random)
    const [want, got] = await Promise.all([outcome(plain.port, text), outcome(shadow.port, text)])
    t.strictSame(got, want, text.slice(0, 60))
  }
  const seen = ({ origin }: typeof plain) => origin.requests.map(said).map((one) => JSON.stringify(one))
  t.strictSame(seen(shadow).toSorted(), seen(plain).toSorted())
  for (const block of ['breaker', 'retry', 'fallback']) {
    const reports = await metric(shadow.proxy, 'outrigger_policy_decisions_total', `policy="${block}"`, 'mode="shadow"')
    t.ok(reports > 0, `${block} watched`)
  }
})
