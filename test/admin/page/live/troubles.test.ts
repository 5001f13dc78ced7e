import t from 'tap'
import type { Frame } from '../../../../src/admin/index.ts'
import { troubles } from '../../../../src/admin/page/live/troubles.ts'

const CALM = {
  drain: 'serving',
  overload: { refused: 0, lag: 0 },
  config: { lastReloadSuccess: true },
  breakers: [],
  bulkheads: [],
  budgets: [],
  concurrency: [],
  idempotency: [],
  endpoints: [],
  discovery: [],
}

function told(frame: Record<string, unknown>): string[] {
  return troubles({ ...CALM, ...frame } as unknown as Frame, []).map(({ severity, text }) => `${severity}: ${text}`)
}

t.test('Where all is well there is nothing to say', (t) => {
  t.strictSame(told({}), [])
  t.strictSame(told({ breakers: [{ state: 'closed', forced: 'auto' }] }), [])
  t.strictSame(told({ bulkheads: [{ inflight: 3, limit: 20, queued: 0, maxQueue: 0 }] }), [])
  t.end()
})

t.test('A source of endpoints that does not answer is told, with what that means', (t) => {
  const source = { source: 'kubernetes', service: 'inventory' }
  t.strictSame(
    told({
      discovery: [
        { ...source, up: false, heardAt: 5 },
        { source: 'dns', service: 'shop', up: false, heardAt: 0 },
        { source: 'dns', service: 'other', up: true, heardAt: 5 },
      ],
    }),
    [
      'warn: inventory: endpoints cannot be asked for (kubernetes), the last ones stay',
      'warn: shop: endpoints cannot be asked for (dns), it has none',
    ],
  )
  t.end()
})

t.test('What refuses comes first, then what may', (t) => {
  const breaker = { service: 'inventory', key: '', forced: 'auto', opensFor: 4.2 }
  t.strictSame(
    told({
      drain: 'waiting',
      budgets: [{ service: 'inventory', of: 'retry', remaining: 0.3 }],
      breakers: [
        { ...breaker, state: 'half_open' },
        { ...breaker, state: 'open' },
        { ...breaker, state: 'closed', forced: 'closed' },
        { ...breaker, state: 'open', mode: 'shadow' },
      ],
      bulkheads: [
        { service: 'inventory', key: 'v1', inflight: 20, limit: 20, queued: 4, maxQueue: 10 },
        { service: 'inventory', key: '', inflight: 20, limit: 20, queued: 0, maxQueue: 0 },
      ],
      endpoints: [
        { service: 'inventory', state: 'ejected' },
        { service: 'inventory', state: 'ready' },
      ],
      config: { lastReloadSuccess: false },
    }),
    [
      'bad: breaker inventory is open, probe in 4.2 s',
      'bad: bulkhead inventory is full',
      'bad: the last reload failed',
      'warn: breaker inventory is half-open',
      'warn: breaker inventory is forced closed',
      'warn: bulkhead inventory (v1) is full, 4 of 10 wait',
      'warn: retry budget of inventory is spent',
      'warn: inventory: 1 of 2 endpoints take no requests',
      'warn: it is waiting',
    ],
  )
  t.end()
})

t.test('A service is named from one error in a hundred on', (t) => {
  const service = (errorShare: number, rate = 50) =>
    troubles(CALM as unknown as Frame, [
      { service: 'orders', direction: 'inbound', inflight: 0, points: [], figures: { errorShare, rate } as never },
    ])
  t.strictSame(service(0.009), [])
  t.strictSame(service(1, 0.1), [], 'one request in ten seconds is no rate')
  t.match(service(0.05), [{ severity: 'warn', text: 'orders (inbound): 5 % of requests get an error' }])
  t.match(service(0.5), [{ severity: 'bad' }])
  t.end()
})
