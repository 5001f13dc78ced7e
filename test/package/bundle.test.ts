import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string
  bin: { outrigger: string }
  scripts: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies: Record<string, string>
}

t.test('the package needs no other package', async (t) => {
  t.same(manifest.dependencies ?? {}, {}, 'all is bundled, so every package is a devDependency')
})

t.test('the lock file names no registry, and every platform of the tools', async (t) => {
  const lock = readFileSync('package-lock.json', 'utf8')
  t.notMatch(lock, /"resolved": "https?:/)
  const { packages } = JSON.parse(lock) as { packages: Record<string, { optionalDependencies?: object }> }
  for (const [path, { optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies ?? {})) {
      const found = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`]
      t.ok(found, `npm ci would miss ${name} of ${path}`)
    }
  }
})

t.test('npm pack gives a tarball whose outrigger runs where it is installed', async (t) => {
  const home = t.testdir()
  const npm = async (args: string[], cwd: string) => {
    // npm hands its settings on by the environment; those of the run that started this test are not for this one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
    return run('npm', [...args, '--offline', '--no-audit', '--no-fund'], { cwd, env, maxBuffer: 1 << 26 })
  }
  await npm(['pack', '--pack-destination', home], process.cwd())
  const [tarball] = readdirSync(home)
  t.equal(tarball, `outrigger-${manifest.version}.tgz`)

  const consumer = join(home, 'consumer')
  mkdirSync(consumer)
  await npm(['init', '--yes'], consumer)
  await npm(['install', join(home, tarball!)], consumer)
  const installed = join(consumer, 'node_modules', 'outrigger')
  t.same(
    readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['outrigger'],
  )
  for (const file of [
    'dist/outrigger.cjs',
    'dist/THIRD-PARTY.txt',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'policies',
  ]) {
    t.ok(existsSync(join(installed, file)), file)
  }
  t.match(readFileSync(join(installed, manifest.bin.outrigger), 'utf8'), /^#!\/usr\/bin\/env node\n/)

  const { stdout } = await run(join(consumer, 'node_modules', '.bin', 'outrigger'), ['version'])
  t.match(stdout, manifest.version)
  await t.rejects(run(join(consumer, 'node_modules', '.bin', 'outrigger'), ['--no-such-flag']), { code: 2 })
})
