import t from 'tap'
import { explain } from '../../src/runtime/explain.ts'
import type { Explained } from '../../src/runtime/explain/report.ts'
import { load } from '../support/marked.ts'

function facts(where: string, blocks: string): Explained['facts'] {
  const { config } = load(
    `kind: Service\nname: s\n${where}\n---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: s}\n${blocks}\n`,
  )
  const query = {
    direction: 'outbound',
    url: undefined,
    service: 's',
    method: 'GET',
    headers: [],
    port: undefined,
  } as const
  return (explain(config!, query) as Explained).facts
}

function listed(count: number): string {
  return `endpoints: [${Array.from({ length: count }, (_, i) => `"10.0.0.${i + 1}:80"`).join(', ')}]`
}

function outlier(where: string, blocks = 'outlier: {}') {
  return facts(where, blocks).find(({ name }) => name === 'outlier')
}

t.test('explain() says in words how many endpoints may be ejected', async (t) => {
  t.match(outlier(listed(3)), {
    value: 1,
    text: /after 5 failures in a row, or once 80% of at least 10 calls failed within 10s; for 24s to 36s, n times.*With 3 endpoints at most 1 is ejected\./,
  })
  t.match(outlier(listed(5), 'outlier: {maxEjected: 60%, jitter: 0%}'), {
    value: 3,
    text: /for 30s,.*up to 5m.*at most 3 are/,
  })
  t.match(outlier(listed(1)), {
    value: 0,
    text: /^nobody is ejected: there is 1 endpoint, and the last one never is\.$/,
  })
  t.match(outlier(listed(3), 'outlier: {maxEjected: 0%}'), { value: 0, text: /maxEjected is 0%/ })
  t.match(outlier('dns: {name: s, port: 80}'), {
    value: null,
    text: /At most 50% of the endpoints are ejected, of two or more/,
  })
  t.equal(outlier(listed(3), 'retry: {max: 1}'), undefined)
})

t.test('explain() adds a probe to the worst case where perTry alone bounds it', async (t) => {
  const latency = (blocks: string) => facts(listed(3), blocks).find(({ name }) => name === 'latency')
  t.match(latency('outlier: {}\ntimeout: {perTry: 500ms}'), { value: 1000, text: /return probe 500ms/ })
  t.match(latency('outlier: {}\ntimeout: {perTry: 500ms, request: 2s}'), { value: 2000 })
  t.match(latency('timeout: {perTry: 500ms}'), { value: 500 })
})
