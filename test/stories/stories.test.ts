import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const run = fileURLToPath(new URL('../scenarios/run.ts', import.meta.url))

/** Longest time that one story may take, measurements that had to be repeated included, in ms. */
const LIMIT = 300_000
/** Latencies want a machine to themselves. `npm test` runs this file when all others have ended; ms to wait for whatever else there is. */
const PATIENCE = 120_000
/** run.ts: a bound was missed, on a machine that had other work to do. */
const PROVES_NOTHING = 3

t.setTimeout(7 * LIMIT + PATIENCE)

function tell(story: string, more: readonly string[]): Promise<{ code: number | null; report: string }> {
  const child = spawn(process.execPath, [run, story, ...more], { stdio: ['ignore', 'pipe', 'pipe'] })
  let report = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      report += text
    })
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, report })))
}

function ticks(): { idle: number; all: number } {
  const times = cpus().map((cpu) => cpu.times)
  const idle = times.reduce((sum, time) => sum + time.idle, 0)
  return { idle, all: times.reduce((sum, time) => sum + time.user + time.nice + time.sys + time.irq + time.idle, 0) }
}

/** Whether the processors were idle for nine tenths of two seconds. */
async function quiet(): Promise<boolean> {
  const before = ticks()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const after = ticks()
  return after.idle - before.idle > 0.9 * (after.all - before.all)
}

t.test('wait for a quiet machine', { timeout: PATIENCE + 10_000 }, async (t) => {
  const end = performance.now() + PATIENCE
  while (performance.now() < end) if (await quiet()) return
  t.comment('the machine did not become quiet')
})

/**
 * Ten times as fast, unless it says otherwise. Degradation is told by `npm run scenario` alone, for CI has ten minutes; what its
 * policy file does is shown in test/policies-files.
 */
const STORIES: Readonly<Record<string, readonly string[]>> = {
  rest: ['--scale', '10'],
  hedge: ['--scale', '10'],
  outlier: ['--scale', '10'],
  grpc: ['--scale', '10'],
  'retrying-client': ['--scale', '10'],
  avalanche: ['--scale', '10'],
  // The variants with replicas; what becomes of a key when the application dies is shown in one process.
  'double-click': ['--scale', '20', '--only', 'replica'],
}

for (const [story, more] of Object.entries(STORIES)) {
  t.test(`${story} meets its bounds: ${more.join(' ')}`, { timeout: LIMIT }, async (t) => {
    const { code, report } = await tell(story, more)
    t.comment(report)
    if (code === PROVES_NOTHING) t.pass('measured', { skip: 'the machine was busy with something else' })
    else t.equal(code, 0)
  })
}
