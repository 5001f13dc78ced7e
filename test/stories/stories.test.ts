import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const run = fileURLToPath(new URL('../scenarios/run.ts', import.meta.url))

/** Longest time that all three may take, measurements that had to be repeated included, in ms. */
const LIMIT = 300_000

t.setTimeout(LIMIT)

function tell(story: string): Promise<{ code: number | null; report: string }> {
  const child = spawn(process.execPath, [run, story, '--scale', '10'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let report = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (report += text))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, report })))
}

for (const story of ['rest', 'retrying-client', 'avalanche']) {
  t.test(`${story} meets its bounds, ten times as fast`, { timeout: LIMIT }, async (t) => {
    const { code, report } = await tell(story)
    t.comment(report)
    t.equal(code, 0)
  })
}
