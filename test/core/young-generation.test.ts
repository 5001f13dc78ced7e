import t from 'tap'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * A process with so many KiB in flight at any time, each piece of which is let go after a while; `loaded`: as an answer. Returns MiB of a half
 * of its young generation, once it was as large as `until`, or after so many ms.
 */
async function halfWith(inFlight: number, until: number, ms: number, loaded = true): Promise<number> {
  const source = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { answered, lookAtYoungGeneration } from ${JSON.stringify(new URL('../../src/core/young-generation.ts', import.meta.url).href)}
    lookAtYoungGeneration()
    setInterval(lookAtYoungGeneration, 100).unref()
    const pieces = new Array(${inFlight})
    let at = 0
    const half = () => {
      const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
      return (young.space_used_size + young.space_available_size) / 1024 / 1024
    }
    const end = performance.now() + ${ms}
    const turn = () => {
      for (let i = 0; i < 20; i++) {
        pieces[at] = new Array(125).fill(i)
        if (${loaded}) answered()
        at = (at + 1) % pieces.length
      }
      if (performance.now() < end && half() < ${until}) setImmediate(turn)
      else console.log(half().toFixed(1))
    }
    turn()`
  const { stdout } = await run(
    process.execPath,
    ['--semi-space-growth-factor=1', '--input-type=module-typescript', '-e', source],
    { env: {} },
  )
  return Number(stdout)
}

t.test('The young generation grows by what is in flight', async (t) => {
  const [few, many, unanswered] = await Promise.all([
    halfWith(100, 3, 2000),
    halfWith(2200, 7.5, 60_000),
    halfWith(2200, 7.5, 2000, false),
  ])
  t.ok(few < 2.5, `few: ${few} MiB`)
  t.ok(many >= 7.5 && many < 8.5, `many: ${many} MiB`)
  t.ok(unanswered < 2.5, `unanswered: ${unanswered} MiB`)
})
