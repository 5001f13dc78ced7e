/** Every file of `policies/`: it loads, warns of nothing unexpected, and comes to what its comments say. */
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { explain } from '../../cmd/commands/explain.ts'
import { called } from '../support/called.ts'
import { BLOCKS } from '../../src/policies/index.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'

const POST = ['--method', 'POST']
const GRPC = [...POST, '--header', 'content-type: application/grpc']

interface Asked {
  /** Arguments of `explain`. */
  readonly ask: readonly string[]
  /** Facts by their name. */
  readonly facts: Readonly<Record<string, RegExp>>
}

interface Said {
  readonly warnings?: readonly string[]
  readonly asked: readonly Asked[]
}

const outbound = (url: string, ...more: string[]): string[] => ['--url', url, ...more]
const inbound = (url: string, ...more: string[]): string[] => ['--inbound', '--url', url, ...more]
const one = (ask: readonly string[], facts: Readonly<Record<string, RegExp>>): Said => ({ asked: [{ ask, facts }] })

const FILES: Readonly<Record<string, Said>> = {
  'standard.yaml': one(outbound('http://inventory/'), {
    attempts: /^at most 2: .* connect_failure, upstream_reset, 503/,
    latency: /^10s, then 504/,
    load: /\+20%/,
    bulkhead: /^100 requests at once/,
    breaker: /50% of the last 100 calls/,
    outlier: /at most 1 is ejected/,
  }),
  'timeout-only.yaml': one(outbound('http://inventory/'), { attempts: /^(?:at most )?1/, latency: /^1s/ }),
  'avalanche.yaml': one(outbound('http://inventory/'), {
    latency: /^1s/,
    bulkhead: /^20 requests at once/,
    breaker: /4500ms|4\.5s/,
  }),
  'avalanche-fallback.yaml': one(outbound('http://inventory/api/stock/1'), { fallback: /202/ }),
  'degradation.yaml': one(outbound('http://orders/api/orders/1'), {
    fallback: /last good answer to the same GET, up to 10m old.* a 200 of ours/,
    latency: /^1s/,
  }),
  'rest-orders.yaml': one(outbound('http://orders/', ...POST), { latency: /^2s/, load: /20%/ }),
  'retrying-client.yaml': one(outbound('http://inventory/'), { latency: /^2s/, load: /\+10%/ }),
  'payment-writes.yaml': {
    asked: [
      {
        ask: outbound('http://payments/payments', ...POST, '--name', 'orders'),
        facts: { attempts: /^at most 2/, latency: /^8s/ },
      },
      { ask: inbound('/payments/1', ...POST, '--name', 'payments'), facts: { idempotency: /24h/ } },
    ],
  },
  'read-mostly.yaml': one(outbound('http://catalogue/products/7'), {
    attempts: /^at most 2/,
    latency: /^800ms/,
    fallback: /up to 1h old/,
  }),
  'grpc-unary.yaml': one(outbound('http://inventory/shop.Inventory/Get', ...GRPC), {
    attempts: /^at most 2: .*grpc:UNAVAILABLE/,
    latency: /^1s/,
  }),
  'streaming.yaml': {
    warnings: ['W011'],
    asked: [
      { ask: outbound('http://feed/events/7'), facts: { bulkhead: /50/ } },
      { ask: outbound('http://feed/short'), facts: { latency: /^2s/, bulkhead: /^20 requests/ } },
    ],
  },
  'third-party.yaml': one(outbound('http://api.cards.example/v1/charges', ...POST), {
    attempts: /^at most 2: .*429/,
    latency: /^15s/,
    rateLimit: /^10\/s/,
    load: /\+10%/,
  }),
  'batch.yaml': one(outbound('http://inventory/', '--name', 'nightly-export'), {
    attempts: /^at most 4/,
    latency: /^10m/,
    bulkhead: /^4 requests at once .*200/,
  }),
  'hedged-reads.yaml': one(outbound('http://prices/prices/7'), {
    latency: /^1s/,
    hedge: /95% of first attempts.*\+5%/,
  }),
  'protect-ourselves.yaml': one(inbound('/api/orders'), {
    authorize: /frontend: every method \/api\/\*\*/,
    rateLimit: /^100\/s, 50 at once after a rest, for each source/,
    latency: /^5s/,
    concurrency: /4 .*150/,
  }),
  'canary-shadow.yaml': one(outbound('http://inventory/'), {
    latency: /^5s/,
    'shadow latency': /^1s/,
    'shadow breaker': /20 calls/,
    'shadow bulkhead': /^20 requests/,
  }),
  'game-day.yaml': {
    warnings: ['W008'],
    asked: [
      {
        ask: outbound('http://inventory/', '--name', 'orders'),
        facts: { fault: /^20% of attempts/, attempts: /^at most 3/ },
      },
    ],
  },
  'many-endpoints.yaml': one(outbound('http://inventory/'), {
    outlier: /With 3 endpoints at most 1 is ejected/,
    attempts: /^at most 2/,
  }),
}

async function facts(file: string, ask: readonly string[]): Promise<Record<string, string>> {
  const { out, err } = await called(explain, ['--config', `policies/${file}`, '--format', 'json', ...ask])
  if (out === '') throw new Error(err)
  const { facts } = JSON.parse(out) as { facts: { name: string; text: string; mode?: string }[] }
  return Object.fromEntries(facts.map(({ name, text, mode }) => [mode === 'shadow' ? `shadow ${name}` : name, text]))
}

t.test('every file of policies/ is in this list', async (t) => {
  t.same(readdirSync('policies').sort(), Object.keys(FILES).sort())
})

for (const [file, { warnings = [], asked }] of Object.entries(FILES)) {
  t.test(`${file} loads, and explain says what its comments promise`, async (t) => {
    t.same(
      checkConfig([`policies/${file}`]).issues.map(({ code, severity }) => `${severity} ${code}`),
      warnings.map((code) => `warning ${code}`),
    )
    for (const { ask, facts: wanted } of asked) t.match(await facts(file, ask), wanted, ask.join(' '))
  })
}

t.test('the index of docs/policies names every block and every file', async (t) => {
  const index = readFileSync('docs/policies/README.md', 'utf8')
  for (const file of Object.keys(FILES)) t.ok(index.includes(`policies/${file})`), file)
  for (const { name } of BLOCKS) {
    const page = `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.md`
    t.ok(index.includes(`(${page})`), page)
  }
})
