/**
 * `npm run bench`: the bundle beside what is installed of Envoy, HAProxy and nginx; its start by phase, its memory by owner,
 * what a request costs, each layer alone. Writes all of it into docs/benchmarks.md.
 *
 *   npm run bench                                  all of it, about 8 minutes
 *   npm run bench -- --rounds 5 --seconds 5 --only outrigger,envoy      the comparison of these alone
 *   npm run bench -- --inside                      our own start, memory and requests alone
 *   npm run bench -- --ref main~3                  before and after: that commit's bundle beside this tree's, as a ratio
 *   npm run bench -- --echo                        messages of 1 MiB over HTTP/2, there and back
 *   npm run bench -- --layers                      the layers alone; --no-layers: without them
 *   npm run bench -- --telemetry                   what telemetry costs: all off, then more and more of it on
 *   npm run bench -- --peer-file                   writes our peer file for the comparison outside, prints its path
 *   npm run bench -- --delegate                    runs that comparison, where it lies beside the project
 *
 * Only a run with none of these flags, or with --write, changes the page. Absolute figures move with the machine and with who
 * else is on it; ratios within one run count.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from '../../src/demo/table.ts'
import { buildCommit, buildTree, describeCommit } from './bundle.ts'
import { echo } from './echo.ts'
import { memoryByOwner, perRequest, startPhases } from './inside.ts'
import { Lab } from './lab.ts'
import { layers } from './layers.ts'
import type { Plan } from './measure.ts'
import { fill, type Peer, readPeer, writePeerFile } from './peer-file.ts'
import { commit, machine, type Section, writeReport } from './report.ts'
import { sideBySide } from './side-by-side.ts'
import { PINNED, versionOf } from './started.ts'
import { cpuTable, memoryTable } from './tables.ts'
import { telemetryCost } from './telemetry.ts'

const OUTSIDE = fileURLToPath(new URL('../../../shared/tools/peers/compare.sh', import.meta.url))
const OTHERS = ['envoy', 'envoy-h2', 'haproxy', 'nginx']
const ROUNDS = 2

const OPTIONS = {
  help: { type: 'boolean', default: false },
  rounds: { type: 'string', default: String(ROUNDS) },
  seconds: { type: 'string', default: '3' },
  only: { type: 'string', default: '' },
  ref: { type: 'string', default: '' },
  inside: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  layers: { type: 'boolean', default: false },
  echo: { type: 'boolean', default: false },
  telemetry: { type: 'boolean', default: false },
  'no-layers': { type: 'boolean', default: false },
  'peer-file': { type: 'boolean', default: false },
  delegate: { type: 'boolean', default: false },
} as const

const flags = parse()

const plan: Plan = {
  rounds: Number(flags.rounds),
  seconds: Number(flags.seconds),
  rate: 2000,
  idleConnections: 2000,
  brief: flags.ref !== '',
}

const whole = process.argv.length === 2

/** Wrong usage, and what is asked for by `--help`, end here: the words are those at the top of this file. */
function parse() {
  const usage = readFileSync(fileURLToPath(import.meta.url), 'utf8')
    .split('*/', 1)
    .flatMap((comment) => comment.split('\n').slice(1, -1))
    .map((line) => line.replace(/^ \* ?/, ''))
    .join('\n')
  let wrong = ''
  try {
    const { values } = parseArgs({ options: OPTIONS })
    if (!values.help) return values
  } catch (error) {
    wrong = `${(error as Error).message}\n\n`
  }
  console.log(`${wrong}${usage}`)
  process.exit(wrong === '' ? 0 : 2)
}

/** Printed as soon as it is there: a run takes minutes. */
function told(title: string, words: string, found: Section['table']): Section {
  console.log(`\n${title}\n${words}\n\n${table(found.heading, found.rows)}`)
  return { title, words, table: found }
}

// ---------------------------------------------------------------- beside others

async function besideOthers(lab: Lab, bundle: string): Promise<Section[]> {
  const only = flags.only.split(',').filter(Boolean)
  const wanted = ({ program }: Peer): boolean => only.length === 0 || only.includes(program)
  const all = ['outrigger', 'outrigger-h2', ...OTHERS].map((id) => readPeer(id, bundle)).filter(wanted)
  const missing = all.filter(({ program }) => program !== 'outrigger' && lab.programs[program] === undefined)
  const peers = all.filter((peer) => !missing.includes(peer))
  if (missing.length > 0) {
    console.log(
      `Not installed, so not in the table: ${[...new Set(missing.map(({ program }) => program))].join(', ')}.`,
    )
  }
  return compare(lab, peers, 'envoy')
}

async function beforeAndAfter(lab: Lab): Promise<Section[]> {
  const before = buildCommit(flags.ref, lab.scratch, join(lab.scratch, 'before.cjs'))
  const after = buildTree(join(lab.scratch, 'after.cjs'))
  const pair = (program: string, bundle: string, label: string): Peer[] =>
    ['outrigger', 'outrigger-h2'].map((id) => ({ ...readPeer(id, bundle), id: `${program}-${id}`, program, label }))
  await lab.open()
  const peers = [
    ...pair('before', before, `before: ${describeCommit(flags.ref).slice(0, 40)}`),
    ...pair('after', after, 'after: this tree'),
  ]
  return compare(lab, peers, 'before')
}

async function compare(lab: Lab, peers: readonly Peer[], reference: string): Promise<Section[]> {
  const measured = await sideBySide(lab, peers, plan)
  const beside = peers.some(({ program }) => program === reference)
    ? ` In brackets: what stands beside ${reference}.`
    : ''
  const rounds = `Medians of ${plan.rounds} rounds, spells of ${plan.seconds} s, 1 KiB of JSON back.${beside}`
  const cpu = cpuTable(peers, measured, reference, plan)
  const sections = [told('CPU and latency', rounds, cpu)]
  if (plan.brief) return sections
  const words = 'Resident memory of the same processes in MiB, file pages included.'
  sections.push(told('Memory and start', words, memoryTable(peers, measured, reference, plan)))
  return sections
}

// ---------------------------------------------------------------- ours alone

async function inside(lab: Lab, bundle: string): Promise<Section[]> {
  const ours = readPeer('outrigger', bundle)
  const http2 = readPeer('outrigger-h2', bundle)
  const probe = 'With a probe in it, which takes some milliseconds and half a megabyte.'
  const sections = [
    told('Start by phase', `Outrigger, ms, medians of 7. ${probe}`, await startPhases(lab, ours, 7)),
    told(
      'Memory by owner',
      `Outrigger, MiB. ${probe} "C library" is its heap and its arenas, "other maps" the text of the bundle and what is left, "file pages" Node itself, shared by all processes that run it.`,
      await memoryByOwner(lab, ours, plan.seconds, plan.idleConnections),
    ),
    told('A request', 'Outrigger, at saturation.', await perRequest(lab, [ours, http2], plan.seconds)),
  ]
  return sections
}

async function eachLayer(): Promise<Section> {
  const words =
    'Medians of 9 rounds in this process; single rounds vary by a half and more. Below them the codec of HTTP/1.1.'
  return told('Layers', words, await layers(9, 12_800))
}

async function ofTelemetry(): Promise<void> {
  const only = flags.only.split(',').filter(Boolean)
  const lab = new Lab()
  try {
    const bundle = buildTree(join(lab.scratch, 'outrigger.cjs'))
    await lab.open()
    console.log(await telemetryCost(lab, bundle, plan, (id) => only.length === 0 || only.includes(id)))
  } finally {
    await lab.close()
  }
}

// ---------------------------------------------------------------- all of it

async function run(lab: Lab): Promise<Section[]> {
  if (flags.ref !== '') return beforeAndAfter(lab)
  const bundle = buildTree(join(lab.scratch, 'outrigger.cjs'))
  await lab.open()
  const beside = flags.inside ? [] : await besideOthers(lab, bundle)
  return flags.only === '' ? [...beside, ...(await inside(lab, bundle))] : beside
}

/** Where and with what, in whole sentences. */
function headOf(lab: Lab): string {
  const versions = ['envoy', 'haproxy', 'nginx']
    .filter((id) => lab.programs[id] !== undefined)
    .map((id) => {
      const peer = readPeer(id, '')
      return `${peer.label}: \`${versionOf(fill(peer.version, programValues(lab)).split(' '))}\``
    })
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} at ${commit()} on ${machine()}.`,
    `Load: ${lab.generator.name}; origin: ${lab.backendName}; ${PINNED ? 'the proxy alone on core 0, all else on core 1' : 'not pinned: no taskset, or one core'}.`,
    ...(versions.length === 0 ? ['No other proxy was installed.'] : versions),
  ].join('\n')
}

function programValues(lab: Lab): Record<string, string> {
  return Object.fromEntries(Object.entries(lab.programs).map(([name, path]) => [name, path ?? name]))
}

async function measured(): Promise<void> {
  if (!existsSync('/proc/self/smaps')) {
    console.log('skipped: CPU and memory are read from /proc, which is not here')
    return
  }
  const lab = new Lab()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void lab.close().then(() => process.exit(130)))
  try {
    const sections = await run(lab)
    if (!flags['no-layers'] && flags.ref === '' && flags.only === '') sections.push(await eachLayer())
    const head = headOf(lab)
    console.log(`\n${head}`)
    if (whole || flags.write) console.log(`\nwritten: ${writeReport(head, sections)}`)
  } finally {
    await lab.close()
  }
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
  if (flags.telemetry) await ofTelemetry()
  else if (flags.layers) await eachLayer()
  else await measured()
  return 0
}

process.exit(await main())
