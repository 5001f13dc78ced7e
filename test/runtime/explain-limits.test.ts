import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from '../../src/runtime/check-config.ts'
import type { Explained } from '../../src/runtime/explain/report.ts'
import { explanationText } from '../../src/runtime/explain/text.ts'
import { explain } from '../../src/runtime/explain.ts'

const FILE = `kind: Sidecar
name: orders
inbound: [{app: 127.0.0.1:8080}]
trust: {sources: {frontend: {cidr: [10.1.0.0/16]}}}
---
kind: Service
name: inventory
endpoints: [10.0.0.7:8080]
---
kind: Policy
name: door
match: {direction: inbound}
authorize: {allow: [{source: [frontend], methods: [GET], paths: ["/v1/**"]}, {paths: [/healthz]}]}
rateLimit: {rate: 10/m, burst: 4, key: [source, "header:x-tenant"], scope: fleet, replicas: 2}
fault: {percent: 5%, delay: 2s, at: request, until: 2030-01-01T01:00:00+01:00}
timeout: {perTry: 1s}
concurrency: {max: 200}
---
kind: Policy
name: out
match: {direction: outbound, service: "*"}
rateLimit: {rate: 100/s}
fault: {percent: 0.5%, delay: 200ms, abort: {status: 503}, until: 2030-01-01T00:00:00Z}
timeout: {perTry: 1s}
`
const path = join(t.testdir({ 'policy.yaml': FILE }), 'policy.yaml')
const { config, issues } = checkConfig([path], { now: 0 })

function found(direction: 'inbound' | 'outbound'): Explained {
  const query = { direction, url: undefined, service: 'inventory', method: 'GET', headers: [], port: undefined }
  const explained = explain(config!, direction === 'inbound' ? { ...query, service: undefined } : query)
  if (!explained.found) throw new Error(explained.reason)
  return explained
}

function fact(explained: Explained, name: string): string | undefined {
  return explained.facts.find((one) => one.name === name)?.text
}

function order(explained: Explained): string[] {
  return explained.order.filter(({ atWork }) => atWork).map(({ step }) => step)
}

t.test('explain() tells who may, how much passes and what fails on purpose', async (t) => {
  const inbound = found('inbound')
  t.match(fact(inbound, 'authorize'), 'frontend: GET /v1/**; everybody: every method /healthz. Others get 403 denied')
  t.match(
    fact(inbound, 'rateLimit'),
    "a share of 1/2 of the fleet's rate: 5/m, 2 at once after a rest, for each source + header:x-tenant",
  )
  t.equal(fact(inbound, 'fault'), '5% of requests are held for 2s, until 2030-01-01T00:00:00Z.')
  t.match(fact(inbound, 'concurrency'), '4 at least, 200 at most. Others get 503 concurrency_limit at once')
  t.match(fact(inbound, 'latency'), '1s + injected delay 2s')
  t.same(order(inbound).slice(0, 3), ['fault', 'authorize', 'rateLimit'])
  const outbound = found('outbound')
  t.match(fact(outbound, 'rateLimit'), '100/s, 100 at once after a rest, for all attempts together')
  t.equal(
    fact(outbound, 'fault'),
    '0.5% of attempts are held for 200ms, then answered 503 by us, until 2030-01-01T00:00:00Z.',
  )
  t.notMatch(fact(outbound, 'latency'), 'injected', 'perTry ends a delay too')
  t.same(order(outbound), ['pick an endpoint', 'rateLimit', 'timeout.perTry', 'fault', 'connection'])
})

t.test('explain() gives their values in the notation of the file, and the warning', async (t) => {
  const text = explanationText(found('inbound'))
  t.match(text, /rate +10\/m/)
  t.match(text, /allow\.1\.source +everybody/)
  t.match(text, /until +2030-01-01T00:00:00Z/)
  t.match(text, /W008 +fault makes requests fail until 2030-01-01T00:00:00Z/)
  t.same(
    issues.map(({ code }) => code),
    ['W008', 'W008'],
  )
})
