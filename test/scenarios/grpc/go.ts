/** The peers of grpc-go, built into a temporary folder where there is a Go to build them. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Setting } from '../setting.ts'
import { descriptor } from './orders.ts'

/** The modules may have to be fetched and compiled, on two cores, ms. */
const BUILD_LIMIT = 300_000
const SOURCE = fileURLToPath(new URL('../grpc-go', import.meta.url))

/** Commands; the client's is followed by where to connect. */
export interface GoPeers {
  readonly client: readonly string[]
  readonly server: readonly string[]
}

/** Runs `what` with the peers and resolves with '', or with why there are none. */
export async function withGo(setting: Setting, what: (go: GoPeers) => Promise<void>): Promise<string> {
  if (setting.scale !== 1 && !setting.only.includes('go')) return 'not in a hurry (--only go takes it all the same)'
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-grpc-go-'))
  try {
    const program = join(folder, 'peer')
    const why = build(program)
    if (why !== '') return why
    const schema = join(folder, 'order.descriptor')
    await writeFile(schema, descriptor())
    await what({ client: [program, schema, 'client'], server: [program, schema, 'server'] })
    return ''
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function build(program: string): string {
  const { error, status, stderr } = spawnSync('go', ['build', '-mod=readonly', '-o', program, '.'], {
    cwd: SOURCE,
    encoding: 'utf8',
    timeout: BUILD_LIMIT,
  })
  if (error !== undefined) return `go does not run (${error.message})`
  return status === 0 ? '' : `it does not build here: ${stderr.trim().split('\n').at(-1)}`
}
