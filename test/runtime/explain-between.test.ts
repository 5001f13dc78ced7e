/** What no block shows alone: attempts that multiply, rivals, and blocks of several policies that do not fit. */
import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from '../../src/runtime/check-config.ts'
import type { Explained, Query } from '../../src/runtime/explain/report.ts'
import { explanationText } from '../../src/runtime/explain/text.ts'
import { explain } from '../../src/runtime/explain.ts'

interface Test {
  testdir(files: Record<string, string>): string
}

const GET: Query = {
  direction: 'outbound',
  url: undefined,
  service: 'inventory',
  method: 'GET',
  headers: [],
  port: undefined,
}

function asked(t: Test, yaml: string, service = '', query: Query = GET): { found: Explained; path: string } {
  const head = `kind: Sidecar\nname: orders\n---\nkind: Service\nname: inventory\nendpoints: [10.0.0.7:1, 10.0.0.8:1]\n${service}`
  const path = join(t.testdir({ 'policy.yaml': `${head}---\n${yaml}` }), 'policy.yaml')
  const { config, issues } = checkConfig([path])
  if (config === undefined) throw new Error(JSON.stringify(issues))
  const found = explain(config, query)
  if (!found.found) throw new Error(found.reason)
  return { found, path }
}

const OUT =
  'kind: Policy\nname: out\nmatch: {direction: outbound, service: inventory}\ntimeout: {request: 2s}\nretry: {max: 2}\n'
const inbound = (name: string, match: string, max: number) =>
  `---\nkind: Policy\nname: ${name}\nmatch: {direction: inbound${match}}\ntimeout: {request: 2s}\nretry: {max: ${max}}\n`
const nestedOf = ({ facts }: Explained) => facts.filter(({ name }) => name === 'nested')

t.test('retries of our own inbound side multiply with those of the route', (t) => {
  const { found } = asked(t, OUT + inbound('app', '', 1))
  t.match(nestedOf(found), [
    { value: 6, text: /policy app at .*policy.yaml:18 .* up to 2 x 3 = 6 calls for one request/ },
  ])
  t.same(nestedOf(asked(t, OUT).found), [])
  t.same(nestedOf(asked(t, OUT + inbound('app', ', workload: [billing]', 1)).found), [])
  t.same(nestedOf(asked(t, OUT.replace('max: 2', 'max: 0') + inbound('app', '', 1)).found), [])
  t.end()
})

t.test('so do those of the peer, where it has a sidecar', (t) => {
  const unknown = asked(t, OUT, 'sidecar: true\n')
  t.match(nestedOf(unknown.found), [{ value: 3, text: /sidecar of inventory may retry .* up to 3 x 3 = 9 reach/ }])
  const known = asked(t, OUT + inbound('peer', ', workload: [inventory]', 3), 'sidecar: true\n')
  t.match(nestedOf(known.found), [{ value: 12, text: /policy peer at .* of each of ours: up to 3 x 4 = 12 calls/ }])
  t.match(explanationText(known.found), /\n {2}nested +retries multiply/)
  t.end()
})

t.test('and those of callers with the inbound ones', (t) => {
  const query: Query = { ...GET, direction: 'inbound', service: undefined }
  const retrying = inbound('app', '', 1).replace('---\n', '')
  t.match(nestedOf(asked(t, retrying, '', query).found), [
    { value: 2, text: /a caller that retries has .* up to 2 x 2 = 4 reach the application of orders/ },
  ])
  const caller = `---\nkind: Service\nname: orders\nendpoints: [10.0.0.9:1]\n---\n${OUT.replace('inventory', 'orders')}`
  t.match(nestedOf(asked(t, retrying + caller, '', query).found), [
    { value: 6, text: /policy out at .* up to 3 x 2 = 6/ },
  ])
  t.same(nestedOf(asked(t, retrying.replace('max: 1', 'max: 0'), '', query).found), [])
  t.end()
})

t.test('of hedge and retry the one that lost is named, with what it gave way to', (t) => {
  const hedging = `---\nkind: Policy\nname: hedging\nmatch: {direction: outbound, service: inventory, routes: [{path: /}]}\nhedge: {}\n`
  const { found, path } = asked(t, OUT + hedging)
  t.same(found.gaveWay, {
    block: 'retry',
    policy: 'out',
    place: `${path}:12`,
    to: { block: 'hedge', policy: 'hedging', place: `${path}:17` },
  })
  const text = explanationText(found).replaceAll(/\s+/g, ' ')
  t.ok(text.includes(`retry of out: given way to hedge of policy hedging at ${path}:17`), text)
  t.notMatch(text, /retry stated by nobody/)
  t.match(found.facts, [
    { name: 'attempts', value: 2, text: /the first and 1 more beside it/ },
    { name: 'latency' },
    { name: 'load', value: 0.05, text: /\+5% calls to inventory/ },
  ])
  t.equal(asked(t, OUT).found.gaveWay, null)
  t.end()
})

t.test('a hedged request that has only perTry takes that, and the wait for each hedge', (t) => {
  const hedged = (after: string) =>
    asked(
      t,
      `kind: Policy\nname: h\nmatch: {direction: outbound, service: inventory}\ntimeout: {perTry: 500ms}\nhedge: {after: ${after}, maxExtra: 2}\n`,
    )
  const latency = (after: string) => hedged(after).found.facts.find(({ name }) => name === 'latency')
  t.match(latency('100ms'), { value: 700, text: /perTry 500ms \+ 2 x hedge after 100ms/ })
  t.match(latency('p95'), { value: 1500, text: /2 x hedge after 500ms at most/ })
  t.match(latency('2s'), { value: 1500 })
  const post = asked(t, `${OUT.replace(/retry.*/, 'hedge: {}')}${inbound('app', '', 1)}`, '', {
    ...GET,
    method: 'POST',
  })
  t.match(post.found.facts[0], { name: 'attempts', value: 1 })
  t.same(nestedOf(post.found), [])
  t.end()
})

t.test('warnings of blocks that meet only on this route are listed, those of others are not', (t) => {
  const wide = `---\nkind: Policy\nname: wide\nmatch: {direction: outbound, service: "*"}\ntimeout: {request: 1s, perTry: 600ms}\n`
  const retrying = OUT.replace('timeout: {request: 2s}\n', '')
  const { found, path } = asked(t, retrying + wide)
  t.match(found.warnings, [{ code: 'W001', place: `${path}:11`, message: /600ms x 3/ }])
  t.match(explanationText(found), /W001 {2}the attempts should fit/)
  t.same(
    asked(t, OUT + wide).found.warnings.map(({ code }) => code),
    ['W011'],
  )
  t.end()
})
