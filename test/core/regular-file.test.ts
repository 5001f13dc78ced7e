import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readRegular } from '../../src/core/regular-file.ts'

t.test('readRegular() reads a file, also by a link', async (t) => {
  const folder = t.testdir({ 'a.txt': 'some text', 'empty.txt': '' })
  symlinkSync('a.txt', join(folder, 'link'))
  t.equal(readRegular(join(folder, 'a.txt')).toString(), 'some text')
  t.equal(readRegular(join(folder, 'link')).toString(), 'some text')
  t.equal(readRegular(join(folder, 'empty.txt')).length, 0)
})

t.test('readRegular() refuses what may have no end, and does not wait for it', async (t) => {
  const folder = t.testdir({})
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  t.throws(() => readRegular(pipe), { code: 'ENOTREG' })
  t.throws(() => readRegular('/dev/null'), { code: 'ENOTREG' })
})

t.test('readRegular() throws what node:fs says of a folder, a socket and of nothing', async (t) => {
  const folder = t.testdir({ inner: {} })
  t.throws(() => readRegular(join(folder, 'inner')), { code: 'EISDIR' })
  t.throws(() => readRegular(join(folder, 'none')), { code: 'ENOENT' })
  // Its path has to be a short one.
  const short = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(short, { recursive: true }))
  const socket = join(short, 's')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  t.teardown(() => server.close())
  t.throws(() => readRegular(socket), { code: 'ENXIO' })
})
