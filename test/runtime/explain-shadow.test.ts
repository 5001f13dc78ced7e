import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { explanationText } from '../../src/runtime/explain/text.ts'
import { explain } from '../../src/runtime/explain.ts'
import { admin } from '../support/ask.ts'
import { services, startProxy } from '../support/proxy.ts'

const POLICIES = `kind: Policy
name: wide
match: {direction: outbound, service: "*"}
retry: {max: 1}
---
kind: Policy
name: tried
match: {direction: outbound, service: inventory, routes: [{path: "/v1/**"}]}
mode: shadow
retry: {max: 3}
bulkhead: {maxConcurrent: 5}
timeout: {request: 2s}
`
const YAML = services({ inventory: 1 }, POLICIES)
const query = { direction: 'outbound', service: undefined, method: 'GET', headers: [], port: undefined } as const

t.test('explain() tells what holds, and beside it what only watches', (t) => {
  const file = join(t.testdir({ 'policy.yaml': YAML }), 'policy.yaml')
  const explanation = explain(checkConfig([file]).config!, { ...query, url: 'http://inventory/v1/a' })
  if (!explanation.found) throw new Error(explanation.reason)
  const { blocks, facts, order } = explanation
  t.strictSame(
    blocks.filter(({ block }) => block === 'retry').map(({ policy, mode }) => [policy, mode]),
    [
      ['wide', 'enforce'],
      ['tried', 'shadow'],
    ],
  )
  const attempts = facts.filter(({ name }) => name === 'attempts').map(({ value, mode }) => [value, mode])
  t.strictSame(attempts, [
    [2, undefined],
    [4, 'shadow'],
  ])
  t.match(
    facts.filter(({ name }) => name === 'latency'),
    [{ value: null }, { value: 2000, mode: 'shadow' }],
  )
  t.match(
    order.filter(({ step }) => step === 'retry'),
    [{ shadow: true }, { shadow: false, atWork: true }],
  )
  const text = explanationText(explanation)
  for (const part of ['if it were not in shadow mode: 5 requests', 'from tried, in shadow mode', 'bulkhead (shadow)'])
    t.ok(text.includes(part), part)
  t.end()
})

t.test('/explain of a live sidecar says what the command says', async (t) => {
  const proxy = await startProxy(YAML)
  t.teardown(() => proxy.stop())
  const { config } = checkConfig([proxy.folder])
  for (const url of ['http://inventory/', 'http://inventory/v1/x', 'http://inventory:80/v1/../a', 'http://nobody/'])
    for (const method of ['GET', 'POST', 'DELETE']) {
      const live = await admin(proxy, `/explain?url=${encodeURIComponent(url)}&method=${method}`)
      t.strictSame(
        JSON.parse(live.body.toString()),
        JSON.parse(JSON.stringify(explain(config!, { ...query, url, method }))),
      )
    }
})
