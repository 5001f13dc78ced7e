/**
 * HTTP/2 requests that two readers might read in two ways. Each goes through a whole sidecar towards an HTTP/1.1 and towards
 * an HTTP/2 origin, with a probe behind it on its connection and a follower on another, and is judged from both sides:
 * refused, or it arrives exactly as it was meant.
 */
import t from 'tap'
import { startProxy } from '../../support/proxy.ts'
import { Seeded } from '../../support/seeded.ts'
import { Http1Origin, Http2Origin } from './origins.ts'
import { type Case, padded, plain, split } from './requests/case.ts'
import { framing } from './requests/framing.ts'
import { judge } from './requests/judge.ts'
import { names } from './requests/names.ts'
import { pseudo } from './requests/pseudo.ts'

const FAMILIES: Readonly<Record<string, readonly Case[]>> = { names, pseudo, framing }

function policies(protocol: string, app: number): string {
  return `kind: Sidecar
name: strict
inbound: [{app: "127.0.0.1:${app}", protocol: ${protocol}}]
accessLog: {format: none}
---
kind: Policy
name: strict
match: {direction: inbound}
timeout: {request: 10s}
retry: {max: 0}
`
}

/** The ways to send one head: whole where it fits into a frame, padded, in two parts, in three. */
function forms(it: Case, random: Seeded): Buffer[] {
  const size = it.block.length
  if (size === 0) return [plain(it)]
  if (size > 10_000)
    return [
      split(
        it,
        [10_000, 20_000, 30_000, 40_000, 50_000, 60_000].filter((cut) => cut < size),
      ),
    ]
  const one = random.between(0, size)
  const two = random.between(one, size)
  if (random.chance(0.3)) return [plain(it), padded(it, random.int(256))]
  return [plain(it), split(it, random.chance(0.5) ? [one] : [one, two])]
}

for (const protocol of ['http1', 'http2']) {
  for (const [family, cases] of Object.entries(FAMILIES)) {
    t.test(`${family}: ${cases.length} cases towards ${protocol}, seen from both sides`, async (t) => {
      const origin = protocol === 'http1' ? new Http1Origin() : new Http2Origin()
      const app = await origin.listen()
      const proxy = await startProxy(policies(protocol, app), { app })
      t.teardown(async () => {
        await proxy.stop()
        await origin.close()
      })
      const random = new Seeded(4)
      t.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'every case has a name of its own')
      for (const it of cases) {
        for (const [form, frames] of forms(it, random).entries()) {
          const found = await judge(proxy.inbound, origin, it, frames)
          if (found.length > 0) t.fail(`${it.verdict} ${it.name}`, { found, form })
        }
      }
      t.same(
        proxy.log.filter((line) => line.startsWith('error ')),
        [],
        'no defect',
      )
    })
  }
}
