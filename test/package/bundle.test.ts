import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t from 'tap'

// Those of `npm run test:plain-fields` are about sources, and an older Node cannot follow them. tap adds its own to each child.
delete process.env.NODE_OPTIONS

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
  // koffi would have to be fetched, and is needed for transparent interception alone.
  await npm(['install', '--omit=optional', join(home, tarball!)], consumer)
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

  const outrigger = join(consumer, 'node_modules', '.bin', 'outrigger')
  const works = async (node: string) => {
    // The first line of the bundle takes the Node that comes first.
    const env = { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) }
    const { stdout } = await run(outrigger, ['version'], { env })
    t.match(stdout, manifest.version, stdout.trim())
    await t.rejects(run(outrigger, ['run', '--no-such-flag'], { env }), { code: 2 })
    await t.resolves(run(outrigger, ['validate', join(installed, 'policies', 'standard.yaml')], { env }))

    const args = ['run', '--app=127.0.0.1:1', '--inbound=127.0.0.1:0', '--outbound=127.0.0.1:0', '--admin=127.0.0.1:0']
    // Its exporter is another of the parts that are unpacked when they are needed; nobody is there to take what it sends.
    const otlp = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
    const sidecar = spawn(outrigger, args, { env: { ...env, ...otlp }, stdio: ['ignore', 'ignore', 'pipe'] })
    const exit = once(sidecar, 'close')
    const lines = createInterface({ input: sidecar.stderr })
    const strange: string[] = []
    lines.on('line', (line) => line.startsWith('{') || strange.push(line))
    const ready = String((await once(lines, 'line'))[0])
    t.match(ready, /"msg":"ready"/)
    const { admin } = JSON.parse(ready) as { admin: string }
    const page = await (await fetch(`http://${admin}/`)).text()
    const links = [...page.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map((match) => match[1] as string)
    t.ok(links.includes('/page/client/main.ts'))
    for (const link of links) t.equal((await fetch(`http://${admin}${link}`)).status, 200, link)
    sidecar.kill('SIGTERM')
    t.same(await exit, [0, null], 'drains and ends')
    t.same(strange, [], 'all it says are lines of JSON')
  }
  await Promise.all(nodes().map(works))
})

/** This Node, and the one of the machine, which may be older: the bundle promises more than the sources. */
function nodes(): string[] {
  const others = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules') && !folder.includes('node-gyp'))
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
  return [process.execPath, ...others.slice(0, 1)]
}
