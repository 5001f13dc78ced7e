import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { start } from '../support/spawned.ts'

interface Thread {
  readonly name: string
  readonly nice: number
}

/** proc(5), `stat`: the name stands in parentheses, and `nice` is the 17th field behind it. */
function threadsOf(pid: number | undefined): Thread[] {
  const folder = `/proc/${pid}/task`
  return readdirSync(folder).map((id) => {
    const stat = readFileSync(join(folder, id, 'stat'), 'utf8')
    const [from, to] = [stat.indexOf('('), stat.lastIndexOf(')')]
    return { name: stat.slice(from + 1, to), nice: Number(stat.slice(to + 2).split(' ')[16]) }
  })
}

const SKIP = existsSync('/proc/self/task') ? false : 'there is no /proc'

t.test('run: the threads of V8 come behind the one that serves', { skip: SKIP }, async (t) => {
  const run = start(t, ['run', '--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0'])
  await run.ready()
  const threads = threadsOf(run.child.pid)
  const workers = threads.filter(({ name }) => name.includes('V8Worker'))
  const others = threads.filter(({ name }) => !name.includes('V8Worker'))
  const [main] = others
  t.ok(workers.length > 0)
  for (const { nice } of workers) t.equal(nice, Math.min((main?.nice ?? Number.NaN) + 5, 19))
  for (const { name, nice } of others) t.equal(nice, main?.nice, name)
})
