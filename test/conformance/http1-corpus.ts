/**
 * `npm run test:corpus [-- OPTIONS OF THE CORPUS]`: a sidecar's inbound listener before the two-sided HTTP/1.1 corpus that
 * lies beside the project, `../shared/tools/http1-corpus.mjs`. Its exit code is ours. Where it is not there, there is
 * nothing to run and that is said; the cases of our own are in test/http1/smuggling.test.ts and run with every `npm test`.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.ts'
import { startProxy } from '../support/proxy.ts'

const judge = fileURLToPath(new URL('../../../shared/tools/http1-corpus.mjs', import.meta.url))

/** What the corpus asks of a proxy: no retries, and timeouts that are longer than its patience. */
const POLICIES = `kind: Sidecar
name: corpus
accessLog: {format: none}
---
kind: Policy
name: corpus
match: {direction: inbound}
timeout: {request: 20s}
retry: {max: 0}
`

async function main(args: readonly string[]): Promise<number> {
  if (!existsSync(judge)) {
    console.log('skipped: there is no ../shared/tools/http1-corpus.mjs beside this project')
    return 0
  }
  const app = await freePort()
  const proxy = await startProxy(POLICIES, { app })
  const child = spawn(process.execPath, [judge, String(proxy.inbound), String(app), ...args], { stdio: 'inherit' })
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)))
  await proxy.stop()
  for (const line of proxy.log) if (line.startsWith('error ')) console.log(line)
  return code
}

process.exit(await main(process.argv.slice(2)))
