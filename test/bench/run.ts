/**
 * `npm run bench`: the bundle beside what is installed of Envoy, HAProxy and nginx, then the cost of each layer.
 *
 *   npm run bench                                  all of it, 3 rounds of 3 s spells
 *   npm run bench -- --rounds 5 --seconds 5 --only outrigger,envoy
 *   npm run bench -- --ref main~3                  before and after: that commit's bundle beside this tree's, as a ratio
 *   npm run bench -- --echo                        messages of 1 MiB over HTTP/2, there and back
 *   npm run bench -- --layers                      the layers alone; --no-layers: without them
 *   npm run bench -- --peer-file                   writes our peer file for the comparison outside, prints its path
 *   npm run bench -- --delegate                    runs that comparison, where it lies beside the project
 *
 * Absolute figures move with the machine and with who else is on it; ratios within one run count. docs/benchmarks.md.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildCommit, buildTree, describeCommit } from './bundle.ts'
import { echo } from './echo.ts'
import { Lab } from './lab.ts'
import { layers } from './layers.ts'
import { fill, type Peer, readPeer, writePeerFile } from './peer-file.ts'
import { comparison, type Plan, sideBySide } from './side-by-side.ts'
import { PINNED, versionOf } from './started.ts'

const OUTSIDE = fileURLToPath(new URL('../../../shared/tools/peers/compare.sh', import.meta.url))
const OTHERS = ['envoy', 'haproxy', 'nginx']

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    ref: { type: 'string', default: '' },
    layers: { type: 'boolean', default: false },
    echo: { type: 'boolean', default: false },
    'no-layers': { type: 'boolean', default: false },
    'peer-file': { type: 'boolean', default: false },
    delegate: { type: 'boolean', default: false },
  },
})

const plan: Plan = {
  rounds: Number(flags.rounds),
  seconds: Number(flags.seconds),
  rate: 2000,
  idleConnections: 2000,
  brief: flags.ref !== '',
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown CPU'
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`
}

function wanted(): (id: string) => boolean {
  const only = flags.only.split(',').filter(Boolean)
  return (id) => only.length === 0 || only.includes(id)
}

async function besideOthers(lab: Lab): Promise<void> {
  const bundle = buildTree(join(lab.scratch, 'outrigger.cjs'))
  const ours = readPeer('outrigger', bundle)
  const found = OTHERS.filter((id) => lab.programs[id] !== undefined)
  const missing = OTHERS.filter((id) => lab.programs[id] === undefined)
  const peers = [ours, ...found.map((id) => readPeer(id, ''))].filter(({ id }) => wanted()(id))
  if (missing.length > 0) console.log(`Not installed, so not in the table: ${missing.join(', ')}.`)
  await lab.open()
  await compare(lab, peers, 'envoy')
  for (const peer of peers)
    console.log(`${peer.label}: ${versionOf(fill(peer.version, programValues(lab)).split(' '))}`)
}

async function beforeAndAfter(lab: Lab): Promise<void> {
  const before = buildCommit(flags.ref, lab.scratch, join(lab.scratch, 'before.cjs'))
  const after = buildTree(join(lab.scratch, 'after.cjs'))
  const peer = (id: string, bundle: string, label: string): Peer => ({ ...readPeer('outrigger', bundle), id, label })
  await lab.open()
  await compare(
    lab,
    [peer('before', before, `before: ${describeCommit(flags.ref)}`), peer('after', after, 'after: this tree')],
    'before',
  )
}

function programValues(lab: Lab): Record<string, string> {
  return Object.fromEntries(Object.entries(lab.programs).map(([name, path]) => [name, path ?? name]))
}

async function compare(lab: Lab, peers: readonly Peer[], reference: string): Promise<void> {
  const measured = await sideBySide(lab, peers, plan)
  console.log(`\nMedians of ${plan.rounds} rounds, spells of ${plan.seconds} s; 64 connections, 1 KiB of JSON.`)
  console.log(
    `Load: ${lab.generator.name}; backend: ${lab.backendName}; ${PINNED ? 'the proxy alone on core 0, all else on core 1' : 'not pinned: no taskset, or one core'}.`,
  )
  console.log(`${machine()}\n`)
  console.log(`${comparison(peers, measured, reference, plan)}\n`)
}

/** The comparison outside, with our peer file; its exit code. */
function delegate(): number {
  if (!existsSync(OUTSIDE)) {
    console.log('skipped: there is no ../shared/tools/peers/compare.sh beside this project')
    return 0
  }
  const file = writePeerFile(buildTree())
  const only = flags.only === '' ? 'outrigger,envoy,envoy-traced,haproxy,nginx' : flags.only
  const args = ['--peer', file, '--only', only, '--rounds', flags.rounds, '--seconds', flags.seconds]
  return spawnSync(OUTSIDE, args, { stdio: 'inherit' }).status ?? 1
}

async function main(): Promise<number> {
  if (flags['peer-file']) {
    console.log(writePeerFile(buildTree()))
    return 0
  }
  if (flags.delegate) return delegate()
  if (flags.echo) {
    const scratch = mkdtempSync(join(tmpdir(), 'outrigger-echo-'))
    try {
      console.log(await echo(buildTree(join(scratch, 'outrigger.cjs')), scratch, plan.rounds))
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
    return 0
  }
  if (!flags.layers) {
    if (!existsSync('/proc/self/stat')) console.log('skipped: CPU and memory are read from /proc, which is not here')
    else {
      const lab = new Lab()
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.once(signal, () => void lab.close().then(() => process.exit(130)))
      try {
        await (flags.ref === '' ? besideOthers(lab) : beforeAndAfter(lab))
      } finally {
        await lab.close()
      }
    }
  }
  if (flags.layers || (!flags['no-layers'] && flags.ref === ''))
    console.log(`\nEach layer alone, median of 9 rounds\n\n${await layers(9, 12_800)}`)
  return 0
}

process.exit(await main())
