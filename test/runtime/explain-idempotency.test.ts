import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { explain } from '../../src/runtime/explain.ts'

function told(block: string): { text: string; value: number | null } {
  const folder = t.testdir({
    'policy.yaml': `kind: Sidecar
name: orders
inbound: [{listen: 127.0.0.1:19000, app: 127.0.0.1:8080}]
---
kind: Policy
name: p
match: {direction: inbound}
idempotency: ${block}
`,
  })
  const { config, issues } = checkConfig([join(folder, 'policy.yaml')])
  if (config === undefined) throw new Error(JSON.stringify(issues))
  const query = {
    direction: 'inbound',
    url: '/',
    service: undefined,
    method: 'POST',
    headers: [],
    port: undefined,
  } as const
  const explanation = explain(config, query)
  const fact = explanation.found ? explanation.facts.find(({ name }) => name === 'idempotency') : undefined
  return { text: fact?.text ?? '', value: fact?.value ?? null }
}

t.test('explain() says how far a key protects', async (t) => {
  const memory = told('{}')
  t.equal(memory.value, 86_400_000)
  t.match(memory.text, /once in 24h.*another replica.*know nothing of it.*waits for the first, 30s.*409 until its time/)
  const redis = told(
    '{store: {redis: {url: "redis://r:6379"}}, required: true, onStoreError: proceed, onConcurrent: refuse, onUnknown: release}',
  )
  t.match(
    redis.text,
    /Kept in redis:\/\/r:6379, for all replicas.*go on unprotected.*gets 409.*perhaps for the second time/,
  )
  t.match(redis.text, /Without a key it is refused with 400/)
})
