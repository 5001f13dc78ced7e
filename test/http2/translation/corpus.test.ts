/** The smuggling cases of HTTP/1.1 towards an HTTP/2 origin: what is in doubt there is no less so here. */
import t from 'tap'
import { startProxy } from '../../support/proxy.ts'
import type { Message } from '../../support/read-message.ts'
import type { Case } from '../../http1/smuggling/case.ts'
import { chunks } from '../../http1/smuggling/chunks.ts'
import { connection } from '../../http1/smuggling/connection.ts'
import { framing } from '../../http1/smuggling/framing.ts'
import { judge, type Witness } from '../../http1/smuggling/judge.ts'
import { lines } from '../../http1/smuggling/lines.ts'
import { startLine } from '../../http1/smuggling/start-line.ts'
import type { Seen } from './message.ts'
import { Http2Origin } from './origins.ts'

const FAMILIES: Readonly<Record<string, readonly Case[]>> = {
  framing,
  chunks,
  lines,
  'start line': startLine,
  connection,
}

/** An upgrade goes over HTTP/2 only to an upstream that says it takes one, and a list of protocols never does. */
const UPGRADES = new Set(['Upgrade: h2c among others', 'Upgrade: h2c in two lines', 'an upgrade that is refused'])

function asMessage({ method, target, authority, fields, body, trailers }: Seen): Message {
  return {
    start: `${method} ${target}`,
    status: 0,
    method,
    target,
    fields: ['host', authority, ...fields.flat()],
    body: Buffer.from(body, 'latin1'),
    trailers: trailers.flat(),
    framing: 'none',
    informational: [],
    next: 0,
  }
}

class Http2Witness extends Http2Origin implements Witness {
  get requests(): readonly Message[] {
    return this.seen.map(asMessage)
  }
}

for (const [family, all] of Object.entries(FAMILIES)) {
  const cases = all.filter(({ name }) => !UPGRADES.has(name))
  t.test(`${family}: ${cases.length} cases`, async (t) => {
    const origin = new Http2Witness()
    const app = await origin.listen()
    const proxy = await startProxy(
      `kind: Sidecar
name: strict
inbound: [{app: "127.0.0.1:${app}", protocol: http2}]
accessLog: {format: none}
---
kind: Policy
name: strict
match: {direction: inbound}
timeout: {request: 10s}
retry: {max: 0}
`,
      { app },
    )
    t.teardown(async () => {
      await proxy.stop()
      await origin.close()
    })
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
