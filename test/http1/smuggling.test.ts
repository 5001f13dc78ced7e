/**
 * Requests that two readers might read in two ways. Each goes through a whole sidecar with a probe right behind it and a
 * follower on another connection, and is judged from both sides. `npm run test:corpus` runs the larger corpus from outside.
 */
import t from 'tap'
import { startProxy } from '../support/proxy.ts'
import type { Case } from './smuggling/case.ts'
import { chunks } from './smuggling/chunks.ts'
import { connection } from './smuggling/connection.ts'
import { framing } from './smuggling/framing.ts'
import { judge } from './smuggling/judge.ts'
import { lines } from './smuggling/lines.ts'
import { Recorder } from './smuggling/recorder.ts'
import { startLine } from './smuggling/start-line.ts'

const FAMILIES: Readonly<Record<string, readonly Case[]>> = {
  framing,
  chunks,
  lines,
  'start line': startLine,
  connection,
}

const POLICIES = `kind: Sidecar
name: strict
accessLog: {format: none}
---
kind: Policy
name: strict
match: {direction: inbound}
timeout: {request: 10s}
retry: {max: 0}
`

for (const [family, cases] of Object.entries(FAMILIES)) {
  t.test(`${family}: ${cases.length} cases, seen from both sides`, async (t) => {
    const origin = new Recorder()
    const proxy = await startProxy(POLICIES, { app: await origin.listen() })
    t.teardown(async () => {
      await proxy.stop()
      await origin.close()
    })
    t.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'every case has a name of its own')
    for (const [id, it] of cases.entries()) {
      const found = await judge(proxy.inbound, origin, it, id)
      if (found.length > 0) t.fail(`${it.verdict} ${it.name}`, { found, sent: it.send.slice(0, 600) })
    }
    t.same(
      proxy.log.filter((line) => line.startsWith('error ')),
      [],
      'no defect',
    )
  })
}
