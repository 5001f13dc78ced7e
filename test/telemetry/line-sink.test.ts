import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { FileSink } from '../../src/telemetry/line-sink.ts'

const SINK = new URL('../../src/telemetry/line-sink.ts', import.meta.url).href

/** Runs `code` with a sink on stdout, which `read` reads or not. */
function child(code: string, stdout: 'pipe' | number = 'pipe') {
  const source = `import { FileSink } from ${JSON.stringify(SINK)}; const sink = new FileSink(1); ${code}`
  return spawn(process.execPath, ['--input-type=module-typescript', '--no-warnings', '-e', source], {
    stdio: ['ignore', stdout, 'pipe'],
  })
}

function ended(process: ReturnType<typeof child>): Promise<{ code: number | null; errors: string; ms: number }> {
  const start = performance.now()
  let errors = ''
  process.stderr?.on('data', (chunk) => (errors += chunk))
  return new Promise((resolve) =>
    process.on('close', (code) => resolve({ code, errors, ms: performance.now() - start })),
  )
}

const FLOOD = `for (let i = 0; i < 4000; i++) sink.write(Buffer.from(('x'.repeat(99) + '\\n').repeat(10)), 10)`

t.test('Lines come whole and in order', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'access.log')
  const sink = new FileSink(file)
  for (let i = 0; i < 1000; i++) {
    sink.write(Buffer.from(`line ${i} é\n`), 1)
  }
  await sink.close()
  t.equal(sink.dropped, 0)
  t.same(
    readFileSync(file, 'utf8').trimEnd().split('\n'),
    Array.from({ length: 1000 }, (_, i) => `line ${i} é`),
  )
  sink.write(Buffer.from('too late\n'), 1)
  t.equal(sink.dropped, 1)
})

t.test('A chunk that is lent is whole in the file, whatever stands in it once it is free', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'access.log')
  const sink = new FileSink(file)
  const pages = [Buffer.alloc(64), Buffer.alloc(64)] as const
  let freed = 0
  const lend = (page: Buffer, text: string): Promise<void> =>
    new Promise((resolve) => {
      const chunk = page.subarray(0, page.write(text))
      sink.write(chunk, 1, () => {
        freed++
        page.fill('x')
        resolve()
      })
    })
  for (let i = 0; i < 100; i++) {
    const first = lend(pages[0], `${i} at once\n`)
    const before = freed
    const second = lend(pages[1], `${i} behind it\n`)
    t.equal(freed, before + 1, 'what has to wait is copied')
    await Promise.all([first, second])
  }
  await sink.close()
  t.equal(readFileSync(file, 'utf8'), Array.from({ length: 100 }, (_, i) => `${i} at once\n${i} behind it\n`).join(''))
  await lend(pages[0], 'too late\n')
  t.equal(sink.dropped, 1)
})

t.test('reopen() goes on in a new file, and ends a chunk where it began', async (t) => {
  const folder = t.testdir({})
  const file = join(folder, 'access.log')
  const moved = join(folder, 'access.log.1')
  const sink = new FileSink(file)
  const large = `${'x'.repeat(500_000)}\n`
  sink.write(Buffer.from('before\n'), 1)
  sink.write(Buffer.from(large), 1)
  renameSync(file, moved)
  sink.write(Buffer.from('still\n'), 1)
  sink.reopen()
  t.ok(existsSync(file), 'it is there at once')
  for (let i = 0; i < 100; i++) sink.write(Buffer.from(`after ${i}\n`), 1)
  await sink.close()
  const both = readFileSync(moved, 'utf8') + readFileSync(file, 'utf8')
  t.equal(both, `before\n${large}still\n${Array.from({ length: 100 }, (_, i) => `after ${i}\n`).join('')}`)
  t.match(readFileSync(moved, 'utf8'), /^before\n/)
  t.match(readFileSync(file, 'utf8'), /after 99\n$/)
  t.equal(sink.dropped, 0)
})

t.test('reopen() that cannot open throws, and the file that was open stays', async (t) => {
  const folder = t.testdir({ logs: {} })
  const file = join(folder, 'logs', 'access.log')
  const sink = new FileSink(file)
  renameSync(join(folder, 'logs'), join(folder, 'old'))
  t.throws(() => sink.reopen(), { code: 'ENOENT' })
  sink.write(Buffer.from('a line\n'), 1)
  await sink.close()
  t.equal(readFileSync(join(folder, 'old', 'access.log'), 'utf8'), 'a line\n')
})

t.test(
  'reopen() keeps no descriptor, however often it is called',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const file = join(t.testdir({}), 'access.log')
    const open = () => readdirSync('/proc/self/fd').filter((fd) => readlinkOf(fd) === file).length
    const sink = new FileSink(file)
    sink.write(Buffer.from('under way\n'), 1)
    for (let i = 0; i < 10; i++) sink.reopen()
    t.ok(open() <= 2, 'the old one, until its write is over, and the new one')
    await sink.close()
    sink.reopen()
    t.equal(open(), 0)
  },
)

t.test('A reader gets everything through a pipe', async (t) => {
  const process = child(
    `for (let i = 0; i < 5000; i++) sink.write(Buffer.from('line ' + i + '\\n'), 1); await sink.close()`,
  )
  let read = ''
  process.stdout?.on('data', (chunk) => (read += chunk))
  t.equal((await ended(process)).code, 0)
  t.equal(read.trimEnd().split('\n').length, 5000)
})

t.test(
  'Nobody reads: past 1 MiB lines are dropped and counted, nothing blocks, and the exit does not wait',
  async (t) => {
    const process = child(
      `${FLOOD}; setTimeout(() => { console.error(JSON.stringify({ dropped: sink.dropped })); process.exit(0) }, 50)`,
    )
    const { code, errors, ms } = await ended(process)
    t.equal(code, 0)
    t.ok(ms < 5000, `${ms} ms`)
    const { dropped } = JSON.parse(errors) as { dropped: number }
    // 4 MB were written; 1 MiB waits, and a pipe holds 64 KiB.
    t.ok(dropped > 25_000 && dropped < 32_000, `${dropped} lines dropped`)
  },
)

t.test('A reader that leaves costs lines, not the process', async (t) => {
  const process = child(
    `${FLOOD}; setTimeout(() => { sink.write(Buffer.from('more\\n'), 1); console.error(sink.dropped); }, 300); setTimeout(() => {}, 400)`,
  )
  process.stdout?.once('data', () => process.stdout?.destroy())
  const { code, errors } = await ended(process)
  t.equal(code, 0)
  t.ok(Number(errors) > 38_000, `${errors} lines lost`)
})

t.test(
  'A full disk costs lines, not the process',
  { skip: !existsSync('/dev/full') && 'no /dev/full here' },
  async (t) => {
    const full = openSync('/dev/full', 'w')
    const process = child(`sink.write(Buffer.from('a\\n'), 1); await sink.close(); console.error(sink.dropped)`, full)
    const { code, errors } = await ended(process)
    closeSync(full)
    t.equal(code, 0)
    t.equal(errors.trim(), '1')
  },
)

t.test('A named pipe needs no reader to be opened, and readers may come and go', async (t) => {
  const pipe = join(t.testdir(), 'access.log')
  execFileSync('mkfifo', [pipe])
  const sink = new FileSink(pipe)
  sink.write(Buffer.from('to nobody yet\n'), 1)
  t.equal(await firstLine(pipe), 'to nobody yet\n')
  sink.write(Buffer.from('to the next one\n'), 1)
  t.equal(await firstLine(pipe), 'to the next one\n')
  t.equal(sink.dropped, 0)
  await sink.close()
})

/** What `head` reads, which then leaves. */
function firstLine(pipe: string): Promise<string> {
  const head = spawn('head', ['-n', '1', pipe], { stdio: ['ignore', 'pipe', 'inherit'] })
  let read = ''
  head.stdout.on('data', (chunk) => (read += chunk))
  return new Promise((resolve) => head.on('close', () => resolve(read)))
}

function readlinkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // That of the listing itself is gone.
    return ''
  }
}

t.test('A disk that is full in the midst of a chunk costs what was not written, and no line after it', async (t) => {
  const file = join(t.testdir({}), 'access.log')
  // A limit of 1 KiB on files stands in for the disk; cutting the file makes room, with the line still torn.
  const code = `
    import { truncateSync } from 'node:fs'
    import { FileSink } from ${JSON.stringify(SINK)}
    process.on('SIGXFSZ', () => {})
    const sink = new FileSink(${JSON.stringify(file)})
    sink.write(Buffer.from(('x'.repeat(99) + '\\n').repeat(30)), 30)
    while (sink.dropped === 0) await new Promise((resolve) => setImmediate(resolve))
    truncateSync(${JSON.stringify(file)}, 950)
    sink.write(Buffer.from('whole\\n'), 1)
    await sink.close()
    console.log(sink.dropped)`
  const script = `ulimit -f 1; exec "$0" --input-type=module-typescript --no-warnings -e "$1"`
  const dropped = execFileSync('bash', ['-c', script, process.execPath, code], { encoding: 'utf8' })
  t.equal(dropped, '20\n', 'ten had been written')
  t.same(
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.replace(/^x+$/, 'x')),
    [...Array(10).fill('x'), 'whole', ''],
  )
})
