import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { simulate } from '../../cmd/commands/simulate.ts'
import { called } from '../support/called.ts'
import type { Result } from '../../src/simulate/report/result.ts'
import { startProxy } from '../support/proxy.ts'

const folder = mkdtempSync(join(tmpdir(), 'outrigger-trace-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function replay(policies: string, trace: string, ...args: string[]): Promise<Result> {
  const config = file('policy.yaml', policies)
  const { code, out, err } = await called(simulate, ['--config', config, '--trace', trace, '--format', 'json', ...args])
  if (code !== 0) throw new Error(`${code}: ${err}`)
  return JSON.parse(out) as Result
}

const INVENTORY = 'kind: Service\nname: inventory\nendpoints: ["127.0.0.1:8081"]\n'
const to = (result: Result) => result.phases[0]?.destinations.find(({ service }) => service === 'inventory')
const policy = (blocks: string): string =>
  `${INVENTORY}---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: inventory}\n${blocks}`

interface Line {
  readonly [name: string]: unknown
}

/** A line as our access log has it, `at` ms after some evening. */
function line(at: number, more: Line): string {
  const time = new Date(Date.UTC(2026, 10, 11, 20) + at).toISOString()
  return JSON.stringify({
    ...{ time, direction: 'outbound', method: 'GET', path: '/x', authority: 'inventory', route: '*' },
    ...{ service: 'inventory', status: 200, durationMs: 5, attempts: 1, upstream: '127.0.0.1:8081' },
    ...{ requestBytes: 0, responseBytes: 2, requestId: 'r', traceId: 't', peer: '127.0.0.1', protocol: 'HTTP/1.1' },
    ...more,
  })
}

t.test('The log of a real sidecar is replayed: the same answers, attempts and reasons', async (t) => {
  let asked = 0
  const origin = createServer((message, response) => {
    message.resume()
    asked++
    // Every fifth request breaks, every seventh fails.
    if (asked % 5 === 0) response.destroy()
    else response.writeHead(asked % 7 === 0 ? 503 : 200).end('{}')
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const port = (origin.address() as AddressInfo).port
  const log = join(folder, 'access.log')
  const retry =
    'retry: {max: 1, when: [upstream_reset, 503], budget: {percent: 100%}, backoff: {base: 1ms, max: 1ms}}\n'
  const policies = policy(retry).replace('8081', String(port))
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: json, output: ${log}}\n---\n${policies}`,
  )
  const statuses: Record<string, number> = {}
  for (let i = 0; i < 60; i++) {
    const path = i % 2 === 0 ? `/v1/${i}` : '/v1/x?y=1'
    const host = i % 10 === 9 ? 'nobody' : 'inventory'
    const status = await new Promise<number>((resolve, reject) => {
      const call = request({ port: proxy.outbound, path, method: i % 3 === 0 ? 'POST' : 'GET', headers: { host } })
      call.on('response', (answer) => void answer.resume().on('end', () => resolve(answer.statusCode ?? 0)))
      call.on('error', reject)
      call.end(i % 3 === 0 ? 'body' : undefined)
    })
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  await proxy.stop()
  origin.close()
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  t.equal(lines.length, 60)

  const result = await replay(policies, log)
  const answers: Record<string, number> = {}
  for (const { answers: each } of result.phases[0]?.streams ?? []) {
    for (const [text, count] of Object.entries(each)) {
      const status = text.slice(0, 3)
      answers[status] = (answers[status] ?? 0) + count
    }
  }
  t.same(answers, statuses)
  t.equal(to(result)?.calls, asked, 'the upstream is asked as often')
  t.same(result.notes, [])
  t.match(
    result.phases[0]?.streams.map(({ name }) => name),
    ['inventory', 'nobody'],
  )
})

t.test('What upstreams did is replayed attempt by attempt, and under another policy', async (t) => {
  const attemptLog = [
    { endpoint: '127.0.0.1:8081', status: 503, ms: 20 },
    { endpoint: '127.0.0.1:8081', status: 200, ms: 30 },
  ]
  const trace = Array.from({ length: 100 }, (_, i) => {
    if (i % 10 === 0) return line(i * 100, { status: 200, attempts: 2, durationMs: 60, attemptLog })
    return line(i * 100, { durationMs: 10 })
  })
  const path = file('attempts.log', trace.join('\n'))
  const with1 = await replay(policy('retry: {max: 1, backoff: {base: 10ms, max: 10ms, jitter: none}}\n'), path)
  t.match(with1.phases[0]?.streams, [{ sent: 100, okPercent: 100, p50: 10 }])
  t.match(to(with1), { calls: 110, outcomes: { '200': 100, '503': 10 } })
  const without = await replay(INVENTORY, path)
  t.match(without.phases[0]?.streams, [{ okPercent: 90, answers: { '503': 10 } }])
  t.match(to(without), { calls: 100 })
})

t.test('A request that was refused last night meets what its neighbours met', async (t) => {
  const trace = Array.from({ length: 400 }, (_, i) => {
    const bad = i >= 200 && i < 300
    if (i % 4 === 1) return line(i * 100, { status: 503, reason: 'circuit_open', attempts: 0, durationMs: 0 })
    return line(i * 100, bad ? { status: 500, durationMs: 900 } : { durationMs: 7 })
  })
  const result = await replay(INVENTORY, file('refused.log', trace.join('\n')), '--interval', '1s')
  t.match(result.notes, [/100 requests never reached their upstream/])
  const { calls, outcomes } = to(result) ?? {}
  t.equal(calls, 400)
  t.ok((outcomes?.['500'] ?? 0) >= 90 && (outcomes?.['500'] ?? 0) <= 110, `${outcomes?.['500']} failures of about 100`)
  t.equal(result.timeline[5]?.okPercent, 100)
  t.equal(result.timeline[25]?.okPercent, 0, 'in the middle of the outage everybody is in it')
})

t.test('What was cut off is replayed as never answered; who left, leaves; endpoints keep what is theirs', async (t) => {
  const trace = [
    line(0, { status: 504, reason: 'request_timeout', durationMs: 1000 }),
    line(100, { status: 499, reason: 'client_cancelled', durationMs: 300 }),
    line(200, { status: 502, reason: 'connect_failure', durationMs: 1 }),
    line(300, { status: 502, reason: 'upstream_reset', durationMs: 4 }),
    line(400, { direction: 'inbound', service: 'test', path: '/in', durationMs: 12 }),
  ]
  const result = await replay(policy('timeout: {request: 2s}\n'), file('cut.log', trace.join('\n')))
  t.match(result.notes, [/^2 requests were cut off/])
  t.match(result.phases[0]?.streams, [
    { name: 'inbound', answers: { '200': 1 }, p50: 12 },
    {
      name: 'inventory',
      answers: { '502 connect_failure': 1, '502 upstream_reset': 1, '504 request_timeout': 1, 'gave up': 1 },
    },
  ])
  const two = INVENTORY.replace('["127.0.0.1:8081"]', '["10.0.0.1:80", "10.0.0.2:80"]\nloadBalancing: ALGORITHM')
  const half = Array.from({ length: 200 }, (_, i) =>
    line(i * 50, { upstream: `10.0.0.${1 + (i % 2)}:80`, status: i % 2 === 0 ? 200 : 503 }),
  )
  const failures = async (algorithm: string) => {
    const config = two.replace('ALGORITHM', `{algorithm: ${algorithm}}`)
    const outcomes = to(await replay(config, file('two.log', half.join('\n'))))?.outcomes ?? {}
    t.equal((outcomes['200'] ?? 0) + (outcomes['503'] ?? 0), 200)
    return outcomes['503'] ?? 0
  }
  const blind = await failures('random')
  t.ok(blind > 60 && blind < 140, `the bad endpoint stays bad whoever is sent there: ${blind}`)
  const seeing = await failures('ewma')
  t.ok(seeing > 0 && seeing < 10, `and ewma sends nearly nobody: ${seeing}`)
})

t.test('A fallback asks a service that does what the trace says of it, and not what the first one did', async (t) => {
  const service = (name: string, port: number): string =>
    `kind: Service\nname: ${name}\nendpoints: ["127.0.0.1:${port}"]\n---\n`
  const fallback = (name: string): string =>
    `${service('inventory', 8081)}${service('readonly', 8082)}${service('unknown', 8083)}` +
    'kind: Policy\nname: p\nmatch: {direction: outbound, service: inventory}\n' +
    `fallback: [{when: [any], use: service, service: ${name}}]\n`
  const simple = Array.from({ length: 100 }, (_, i) => [
    { t: i, url: 'http://inventory/x', ms: 5, status: 503 },
    { t: i + 0.5, url: 'http://readonly/x', ms: 30, status: 200 },
  ])
  const lines = simple.flat().map((each) => JSON.stringify(each))
  const path = file('other.jsonl', lines.join('\n'))
  const result = await replay(fallback('readonly'), path)
  t.match(result.phases[0]?.streams, [{ name: 'inventory', okPercent: 100, p50: 35 }, { name: 'readonly' }])
  t.same(result.notes, [])
  const stranger = await replay(fallback('unknown'), path)
  t.match(stranger.phases[0]?.streams, [{ name: 'inventory', okPercent: 100, p50: 6 }, {}])
  t.same(stranger.notes, ['the trace says nothing of service unknown: it answers 200 after 1 ms'])
  const attempts = [
    { endpoint: '127.0.0.1:8081', status: 503, ms: 5 },
    { endpoint: '127.0.0.1:8082', status: 500, ms: 3 },
  ]
  const own = file('own.log', [0, 1, 2].map((i) => line(i * 100, { status: 503, attempts, durationMs: 8 })).join('\n'))
  const again = await replay(fallback('readonly'), own)
  t.match(
    again.phases[0]?.streams,
    [{ okPercent: 0, p50: 8, answers: { '503': 3 } }],
    'what it did that night it does again',
  )
})

t.test(
  'An attempt that was under way when its line was written is one that was cut off; upgrades are no requests',
  async (t) => {
    const trace = [
      line(0, {
        status: 499,
        reason: 'client_cancelled',
        durationMs: 60,
        attempts: [{ endpoint: '127.0.0.1:8081', ms: 50 }],
      }),
      line(1000, { status: 101, durationMs: 60_000, attempts: [{ endpoint: '127.0.0.1:8081', status: 101, ms: 2 }] }),
    ]
    const result = await replay(policy('timeout: {request: 1s}\n'), file('way.log', trace.join('\n')))
    t.match(result.phases[0]?.streams, [{ sent: 1, answers: { 'gave up': 1 } }])
    t.match(result.notes, [
      /^1 of 2 lines/,
      /way\.log:2: an upgrade holds bytes, and no request$/,
      /^1 requests were cut off/,
    ])
  },
)

t.test('Lines that are not ours are counted and named; the order of a log is that of answers', async (t) => {
  const trace = [
    line(500, {}),
    'no JSON',
    '[]',
    '{"msg":"ready"}',
    '',
    line(0, {}),
    line(100, { durationMs: -1 }),
    line(9, { protocol: 'TCP' }),
  ]
  const result = await replay(INVENTORY, file('mixed.log', trace.join('\n')))
  t.equal(result.requests, 2)
  t.equal(result.duration, 501)
  t.match(result.notes, [
    '5 of 8 lines are not replayed',
    /mixed\.log:2: it is no JSON$/,
    /mixed\.log:3: it is no JSON object$/,
    /mixed\.log:4: it is no access log line of ours/,
    /mixed\.log:7: its durationMs is none$/,
    /mixed\.log:8: a connection that passed as bytes holds no request$/,
  ])
})

t.test('Traces from anywhere: lines of JSON, and CSV', async (t) => {
  const lines = [
    { t: 0, method: 'POST', url: 'http://inventory/x', ms: 8, status: 200 },
    { t: 0.5, url: 'http://inventory:80/y?z=1', ms: 30, status: 503 },
    { t: 1, url: '/in', ms: 3 },
  ]
  const json = await replay(INVENTORY, file('simple.jsonl', lines.map((each) => JSON.stringify(each)).join('\n')))
  const csv =
    't,method,url,ms,status\n0,POST,http://inventory/x,8,200\n0.5,,http://inventory:80/y?z=1,30,503\n1,,/in,3,200\n'
  const table = await replay(INVENTORY, file('simple.csv', csv))
  t.same({ ...table, workload: '' }, { ...json, workload: '' })
  t.match(json.phases[0]?.streams, [
    { name: 'inbound', sent: 1, p50: 3 },
    { name: 'inventory', sent: 2, okPercent: 50, max: 30 },
  ])
  const wrong = await replay(
    INVENTORY,
    file('wrong.csv', `${csv}x,,/a,1,200\n3,,/a,1,99\n3,get,/a,1,200\n3,,ftp://x,1,200\n`),
  )
  t.equal(wrong.requests, 3)
  t.match(wrong.notes, [/^4 of 8/, /:5: t must/, /:6: status must/, /:7: method must/, /:8: url must/])
})
