/**
 * Answers of hostile upstreams, of both versions of HTTP, towards clients of both: refused with a 502, broken off so that
 * nobody takes them for whole, or they arrive exactly as they were meant.
 */
import t from 'tap'
import { startProxy } from '../../support/proxy.ts'
import type { Case } from './answers/case.ts'
import { type Hostile, HostileHttp1, HostileHttp2 } from './answers/hostile.ts'
import { http1 } from './answers/http1.ts'
import { http2 } from './answers/http2.ts'
import { judge } from './answers/judge.ts'
import type { Version } from './clients.ts'

function policies(protocol: Version, port: number): string {
  return `kind: Sidecar
name: strict
accessLog: {format: none}
---
kind: Service
name: origin
protocol: ${protocol}
endpoints: ["127.0.0.1:${port}"]
---
kind: Policy
name: strict
match: {direction: outbound, service: origin}
timeout: {request: 10s}
retry: {max: 0}
`
}

function play(from: Version, to: Version, all: readonly Case[], upstream: () => Hostile): void {
  const cases = all.filter(({ only }) => only === undefined || only === to)
  t.test(`${cases.length} answers by ${from} towards ${to}`, async (t) => {
    const origin = upstream()
    const proxy = await startProxy(policies(from, await origin.listen()))
    t.teardown(async () => {
      await proxy.stop()
      await origin.close()
    })
    t.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'every case has a name of its own')
    for (const it of cases) {
      origin.case = it
      const found = await judge(to, proxy.outbound, it, 'origin')
      if (found.length > 0) t.fail(`${it.verdict} ${it.name}`, { found })
    }
    t.same(
      proxy.log.filter((line) => line.startsWith('error ')),
      [],
      'no defect',
    )
  })
}

for (const to of ['http1', 'http2'] as const) {
  play('http2', to, http2, () => new HostileHttp2())
  play('http1', to, http1, () => new HostileHttp1())
}
