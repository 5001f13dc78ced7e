import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ProxyError, REASON_LIST, REASONS } from '../../src/core/errors.ts'
import { get as value } from '../../src/core/headers.ts'
import { grpcAnswer } from '../../src/server/grpc-answer.ts'
import { localAnswer } from '../../src/server/local-answer.ts'
import { ask, get } from '../support/ask.ts'
import { startProxy } from '../support/proxy.ts'
import { answering, type Script, startRawOrigin } from '../support/raw-origin.ts'
import { OK, policy } from '../support/scene.ts'

const FAST = 'backoff: {base: 1ms, max: 1ms}'

/** The access log lines of requests for these paths, one after the other. */
async function lines(
  t: { teardown(fn: () => unknown): unknown; testdir(): string },
  script: Script,
  blocks: string,
  paths: readonly string[],
) {
  const origin = await startRawOrigin(script)
  t.teardown(() => origin.close())
  const output = join(t.testdir(), 'access.log')
  const sidecar = `kind: Sidecar\nname: test\naccessLog: {output: "${output}"}\n`
  const service = `kind: Service\nname: origin\nendpoints: ["127.0.0.1:${origin.port}"]\n`
  const proxy = await startProxy([sidecar, service, policy(blocks)].join('---\n'))
  for (const path of paths) await ask(proxy.outbound, get(path))
  await proxy.stop()
  const endpoint = `127.0.0.1:${origin.port}`
  return readFileSync(output, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line.replaceAll(endpoint, 'ORIGIN')) as Record<string, unknown>)
}

function failing(times: number): Script {
  let left = times
  return answering(() => (left-- > 0 ? 'HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n' : OK))
}

t.test('the access log says why each attempt was followed by another', async (t) => {
  const [line] = await lines(t, failing(2), `retry: {max: 3, ${FAST}}`, ['/'])
  t.match(line, {
    status: 200,
    attemptCount: 3,
    attempts: [
      { endpoint: 'ORIGIN', status: 503, ms: Number, why_next: 'retry: 503' },
      { endpoint: 'ORIGIN', status: 503, ms: Number, why_next: 'retry: 503' },
      { endpoint: 'ORIGIN', status: 200, ms: Number },
    ],
  })
  t.notMatch(JSON.stringify((line?.attempts as object[] | undefined)?.at(2)), 'why_next')
})

t.test('the access log says why no other attempt followed', async (t) => {
  const budget = 'budget: {percent: 0%, window: 10s, minPerSecond: 0.1}'
  const all = await lines(t, failing(9), `retry: {max: 1, ${FAST}, ${budget}}`, ['/', '/'])
  t.match(all[0], { attempts: [{ why_next: 'retry: 503' }, { status: 503, why_next: 'none: limit' }] })
  t.match(all[1], { status: 503, attemptCount: 1, attempts: [{ status: 503, why_next: 'none: budget' }] })
})

t.test('an attempt that the breaker refused is told by the reason of the answer', async (t) => {
  const breaker = 'breaker: {scope: service, window: {type: count, size: 10, minimumCalls: 1}}'
  const all = await lines(t, failing(9), `retry: {max: 2, ${FAST}}\n${breaker}`, ['/', '/'])
  t.match(all[0], { status: 503, reason: 'circuit_open', attempts: [{ status: 503, why_next: 'retry: 503' }] })
  t.match(all[1], { status: 503, reason: 'circuit_open', attemptCount: 0 })
  t.strictSame(all[1]?.attempts, [])
})

t.test('the access log says what blocks in shadow mode would have done', async (t) => {
  const [line] = await lines(t, failing(9), `mode: shadow\nretry: {max: 2, ${FAST}}\nbulkhead: {maxConcurrent: 9}`, [
    '/',
  ])
  t.match(line, { status: 503, attemptCount: 1, shadow: ['retry:retry'] })
})

t.test(
  'every reason that makes an answer stands in its Proxy-Status and x-outrigger-reason, HTTP and gRPC',
  async (t) => {
    for (const reason of REASON_LIST.filter((one) => REASONS[one].status > 0)) {
      const error = new ProxyError(reason, 'proxy', 'no', '')
      for (const { head } of [localAnswer(error, 'x'), grpcAnswer(error, 20)]) {
        t.equal(value(head.headers, 'x-outrigger-reason'), reason)
        t.equal(
          value(head.headers, 'proxy-status'),
          `outrigger; error=${REASONS[reason].proxyStatus}; details="${reason}"`,
        )
      }
    }
  },
)
