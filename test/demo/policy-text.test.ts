import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { renderPolicy } from '../../src/demo/policy-text.ts'

t.test('renderPolicy() divides durations and nothing else', async (t) => {
  const cases: [string, string][] = [
    ['timeout: {request: 1s, perTry: 800ms}', 'timeout: {request: 100ms, perTry: 80ms}'],
    ['open: {base: 5s, max: 5s, jitter: 10%}', 'open: {base: 500ms, max: 500ms, jitter: 10%}'],
    ['idle: 1.5m', 'idle: 9000ms'],
    ['base: 25ms', 'base: 2.5ms'],
    ['ttl: 24h', 'ttl: 8640000ms'],
    ['wait: 0s', 'wait: 0s'],
    ['least: 2ms', 'least: 1ms'],
    ['rate: 100/s', 'rate: 100/s'],
    ['maxBodyBytes: 64KiB', 'maxBodyBytes: 64KiB'],
    ['- 127.0.0.1:8081', '- 127.0.0.1:8081'],
    ['name: v1.5s-canary', 'name: v1.5s-canary'],
    ['window: {type: count, size: 20}', 'window: {type: count, size: 20}'],
    ['request: 1s # one 1s of 5s', 'request: 100ms # one 1s of 5s'],
    ['body: "a # 2s" # 2s', 'body: "a # 200ms" # 2s'],
  ]
  for (const [text, rendered] of cases) t.equal(renderPolicy(text, 10), rendered, text)
})

t.test('renderPolicy() puts addresses in place, but not in comments', async (t) => {
  const text = '- 127.0.0.1:8081   # as 127.0.0.1:8081 says\nrequest: 1s'
  const rendered = renderPolicy(text, 1, { '127.0.0.1:8081': '127.0.0.1:40000' })
  t.equal(rendered, '- 127.0.0.1:40000   # as 127.0.0.1:8081 says\nrequest: 1s')
})

t.test('renderPolicy() leaves the shipped files as they are at scale 1', async (t) => {
  const folder = new URL('../../policies/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  t.ok(names.length >= 6)
  for (const name of names) {
    const text = readFileSync(new URL(name, folder), 'utf8')
    t.equal(renderPolicy(text, 1), text, name)
  }
})
