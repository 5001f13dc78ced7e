/**
 * `npm run test:conformance [-- NAME …]`: a sidecar's inbound listener before the outside judges of HTTP/2 and gRPC that lie
 * beside the project in `../shared/tools`: h2spec (h2c and TLS, strict cases too), the gRPC interop cases of grpc-go, and
 * connect conformance for gRPC and for gRPC-Web and Connect. Exits with 1 when one of them finds anything. What is not
 * there, or was not built by `get-suites.sh`, is skipped, and that is said.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Authority } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { Spawned } from '../support/spawned.ts'

const TOOLS = fileURLToPath(new URL('../../../shared/tools/', import.meta.url))
const ENTRY = fileURLToPath(new URL('../../cmd/outrigger.ts', import.meta.url))
const SUITES = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'outrigger-suites', 'bin')

/** What the judges ask of a proxy: nothing but to pass on. */
const POLICIES = `kind: Policy
name: conformance
match: {direction: inbound}
timeout: {mode: disabled}
retry: {mode: disabled}
`

interface Judge {
  readonly name: string
  readonly script: string
  /** A program that get-suites.sh has to have built. */
  readonly needs: string
  readonly tls: boolean
  /** The script starts the proxy itself, by a command. */
  readonly starts: boolean
  args(listen: number, upstream: number, command: readonly string[]): string[]
}

const h2spec = (name: string, tls: boolean, flags: readonly string[]): Judge => ({
  name,
  script: 'h2spec.sh',
  needs: 'h2spec',
  tls,
  starts: false,
  args: (listen, upstream) => [...flags, String(listen), String(upstream)],
})

const connect = (name: string, suite: string): Judge => ({
  name,
  script: 'conformance.sh',
  needs: 'connectconformance',
  tls: false,
  starts: true,
  args: (listen, upstream, command) => ['-s', suite, '-l', String(listen), '-u', String(upstream), '--', ...command],
})

const JUDGES: readonly Judge[] = [
  h2spec('h2spec', false, []),
  h2spec('h2spec-strict', false, ['-S']),
  h2spec('h2spec-tls', true, ['-t']),
  h2spec('h2spec-tls-strict', true, ['-t', '-S']),
  {
    name: 'grpc-interop',
    script: 'grpc-interop.sh',
    needs: 'grpc-interop-client',
    tls: false,
    starts: false,
    args: (listen, upstream) => [String(listen), String(upstream)],
  },
  connect('connect-grpc', 'grpc'),
  connect('connect-web', 'web'),
]

function flags(folder: string, listen: number | string, upstream: number | string): string[] {
  const ports = ['--app', `127.0.0.1:${upstream}`, '--inbound', `127.0.0.1:${listen}`]
  return ['run', '--config', folder, ...ports, '--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']
}

/** The configuration of one judge's proxy, in a folder of its own. */
function configuration(tls: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-judge-'))
  let sidecar = 'kind: Sidecar\nname: judge\naccessLog: {format: none}\n'
  if (tls) {
    const { cert, key } = new Authority('judge').issue()
    writeFileSync(join(folder, 'cert.pem'), cert)
    writeFileSync(join(folder, 'key.pem'), key)
    sidecar += `inbound: [{app: "127.0.0.1:1", tls: {cert: ${folder}/cert.pem, key: ${folder}/key.pem}}]\n`
  }
  writeFileSync(join(folder, 'judge.yaml'), `${sidecar}---\n${POLICIES}`)
  return folder
}

function run(script: string, args: readonly string[]): Promise<number> {
  const child = spawn('bash', [join(TOOLS, script), ...args], { stdio: 'inherit' })
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

async function ask(judge: Judge): Promise<number> {
  const folder = configuration(judge.tls)
  const [listen, upstream] = [await freePort(), await freePort()]
  const command = [process.execPath, ENTRY, ...flags(folder, '{listen}', '{upstream}')]
  try {
    if (judge.starts) return await run(judge.script, judge.args(listen, upstream, command))
    const proxy = new Spawned(flags(folder, listen, upstream))
    try {
      await proxy.ready()
      return await run(judge.script, judge.args(listen, upstream, command))
    } finally {
      proxy.kill('SIGKILL')
      await proxy.ended
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function main(wanted: readonly string[]): Promise<number> {
  let worst = 0
  for (const judge of JUDGES) {
    if (wanted.length > 0 && !wanted.includes(judge.name)) continue
    console.log(`\n# ${judge.name}`)
    if (!existsSync(join(TOOLS, judge.script))) console.log(`skipped: there is no ../shared/tools/${judge.script}`)
    else if (!existsSync(join(SUITES, judge.needs))) console.log(`skipped: get-suites.sh has not built ${judge.needs}`)
    else worst = Math.max(worst, await ask(judge))
  }
  return worst === 0 ? 0 : 1
}

process.exit(await main(process.argv.slice(2)))
