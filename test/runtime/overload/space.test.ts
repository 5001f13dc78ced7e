import { spawnSync } from 'node:child_process'
import t from 'tap'

/** Keeps 60 MiB and more, of 100 that V8 would; says what the share is then. */
const FILLED = `
  import { getHeapSpaceStatistics } from 'node:v8'
  import { heapShare } from './src/runtime/overload/space.ts'
  const old = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space').space_used_size
  // Of the module alone it would be garbage behind the loop, where a collection may come at any time.
  const kept = (globalThis.kept = [])
  while (old() < 60 * 1024 * 1024) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })))
  console.log(heapShare())
`

t.test('heapShare() is of what V8 may keep of old objects, however much its limit holds for young ones', (t) => {
  const args = ['--max-old-space-size=100', '--input-type=module', '--eval', FILLED]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} })
  t.equal(stderr, '')
  const share = Number(stdout)
  t.ok(share > 0.5 && share < 1, `${share}`)
  t.end()
})
