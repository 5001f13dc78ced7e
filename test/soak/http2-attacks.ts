/**
 * `npm run soak:attacks [-- --seconds 2 --bundle FILE --only TEXT --from 0 --to 15]`: what a neighbour notices while somebody floods the same sidecar
 * in HTTP/2, one flood after the other, each begun anew as soon as its connection was ended.
 *
 * The sidecar has a core to itself, and goes before what else may run there. On the other one the neighbour and its upstream go before everybody, where that is
 * allowed, and the attacker comes behind everybody. What is left of the scheduler's share stands in a baseline: the same flood against another
 * sidecar, which has to make do with the attacker's core. The event loop of the attacked one says itself how late it was.
 *
 * What a flood adds to memory is counted from a sidecar at rest. That has let go of pages of Node's file, some 15 MiB of which come back with any
 * request; how much the neighbour alone had brought back, and how much is no pages of files, stands beside it.
 *
 * Exit 0: for each flood every request was answered, p99 is within 20 ms of the baseline's, memory grew by 20 MiB at most, and
 * a second after it the sidecar was idle; 1: not so; 2: not here.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from '../../src/demo/table.ts'
import { buildTree } from '../bench/bundle.ts'
import { freePorts } from '../bench/lab.ts'
import { NODE } from '../bench/peer-file.ts'
import type { Memory } from '../bench/proc.ts'
import { LOAD_CORE, PINNED, PROXY_CORE, pinned, Started, which } from '../bench/started.ts'
import { Attacked } from './attacks/attacked.ts'
import { at, Neighbour } from './attacks/neighbour.ts'
import { ATTACKS, attack, beSilent } from './attacks/roles.ts'

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    bundle: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    from: { type: 'string', default: '0' },
    to: { type: 'string', default: String(ATTACKS.size) },
    attack: { type: 'string', default: '' },
    silent: { type: 'boolean', default: false },
    port: { type: 'string', default: '' },
  },
})

const SELF = fileURLToPath(import.meta.url)
/** ms that a flood may add to the neighbour's p99. */
const MOST_WAIT = 20
/** MiB. */
const MOST_MEMORY = 20
/** ms after a flood from which on the sidecar is idle: at most so many ms of CPU in each look of so many. */
const REST = 1000
const LOOK = 500
const IDLE = 50

/** Before whatever else the machine puts on its core; where that is not allowed, `nice` says so and runs it all the same. */
const BEFORE_OTHERS = ['nice', '-n', '-15']

/** Behind everybody else: runs when nobody wants the core. */
function lowest(command: readonly string[]): string[] {
  const chrt = which('chrt')
  return chrt === undefined ? ['nice', '-n', '19', ...command] : [chrt, '-i', '0', ...command]
}

/**
 * This process, the neighbour and its upstream, goes before all others of its core. Not in real time: the kernel then gives the
 * others 50 ms of each second, in one piece. Returns whether it does.
 */
function goFirst(): boolean {
  execFileSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' })
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST)
    return true
  } catch {
    return false
  }
}

interface Flooded {
  readonly waits: readonly number[]
  /** Connections that were ended. */
  readonly ended: number
  /** When most was resident. */
  readonly peak: Memory
}

/** The neighbour asks `asked` while the flood goes to `target`. */
async function under(what: string, target: Attacked, neighbour: Neighbour, ms: number): Promise<Flooded> {
  const [file = '', ...args] = pinned(lowest([NODE, SELF, '--attack', what, '--port', String(target.port)]), LOAD_CORE)
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let dots = 0
  child.stdout.on('data', (more: Buffer) => (dots += more.length))
  // It has read its sources and is at it.
  for (let i = 0; i < 1000 && dots === 0; i++) await sleep(10)
  const before = dots
  let peak = target.memory
  const look = (): void => {
    const now = target.memory
    if (now.rss > peak.rss) peak = now
  }
  const watch = setInterval(look, 100)
  await target.lateness()
  const waits = await neighbour.ask(ms)
  clearInterval(watch)
  look()
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await gone
  return { waits, ended: dots - before, peak }
}

/** ms of CPU in the calmer one of two looks, from a second after a flood on: giving memory back costs some once. */
async function afterwards(target: Attacked): Promise<number> {
  await sleep(REST)
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 2 && least > IDLE; i++) {
    const before = target.cpu
    await sleep(LOOK)
    least = Math.min(least, target.cpu - before)
  }
  return least
}

const HEADING = [
  'flood',
  'neighbour p50 / p99 quiet, ms',
  'baseline',
  'flooded',
  'longest',
  'loop late p99 / most quiet, ms',
  'flooded',
  'resident at rest, MiB',
  'with the neighbour alone',
  'its own at rest',
  'CPU afterwards, ms',
  'connections ended',
  '',
]

async function judge(what: string, target: Attacked, decoy: Attacked, neighbour: Neighbour, ms: number) {
  await target.lateness()
  // Of all that is measured from here on some is the neighbour's: `served` is what he alone made of it.
  const before = target.memory
  const quiet = await neighbour.ask(ms / 2)
  const calm = await target.lateness()
  const base = await under(what, decoy, neighbour, ms)
  const served = target.memory
  const flooded = await under(what, target, neighbour, ms)
  const late = await target.lateness()
  const idle = await afterwards(target)
  const { peak } = flooded
  const added = peak.rss - before.rss
  const wait = at(flooded.waits, 0.99) - at(base.waits, 0.99)
  const missed = [
    at(flooded.waits, 1) < Number.POSITIVE_INFINITY ? '' : 'an answer',
    wait <= MOST_WAIT ? '' : 'p99',
    added <= MOST_MEMORY ? '' : 'memory',
    idle <= IDLE ? '' : 'idle',
  ].filter(Boolean)
  const both = (waits: readonly number[]): string => `${at(waits, 0.5).toFixed(1)} / ${at(waits, 0.99).toFixed(1)}`
  const row = [
    what,
    both(quiet),
    both(base.waits),
    both(flooded.waits),
    at(flooded.waits, 1).toFixed(1),
    `${calm.p99.toFixed(1)} / ${calm.most.toFixed(1)}`,
    `${late.p99.toFixed(1)} / ${late.most.toFixed(1)}`,
    `${before.rss.toFixed(0)} +${added.toFixed(1)}`,
    `${served.rss.toFixed(0)} +${(peak.rss - served.rss).toFixed(1)}`,
    `${before.anonymous.toFixed(0)} +${(peak.anonymous - before.anonymous).toFixed(1)}`,
    idle.toFixed(0),
    String(flooded.ended),
    missed.length === 0 ? 'ok' : `missed: ${missed.join(', ')}`,
  ]
  return { row, held: missed.length === 0 }
}

async function main(): Promise<number> {
  if (!PINNED) {
    console.error('needs two cores and taskset')
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-attacks-'))
  const bundle = flags.bundle === '' ? buildTree(join(folder, 'outrigger.cjs')) : flags.bundle
  if (!existsSync(bundle)) throw new Error(`there is no ${bundle}`)
  const origin = http2.createServer((_request, response) => response.end('here'))
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const [silentPort = 0] = await freePorts(1)
  const silence = lowest([NODE, SELF, '--silent', '--port', String(silentPort)])
  const silent = new Started('silent', silence, folder, LOAD_CORE)
  const upstreams = { origin: (origin.address() as AddressInfo).port, silent: silentPort }
  const target = await Attacked.start('attacked', bundle, upstreams, folder, PROXY_CORE, BEFORE_OTHERS)
  const decoy = await Attacked.start('decoy', bundle, upstreams, folder, LOAD_CORE)
  const first = goFirst()
  if (!first) console.log('no priority here: the scheduler has a larger share in what follows')
  let bad = 0
  try {
    const neighbour = new Neighbour(target.port)
    await neighbour.ask(3000)
    const rows: string[][] = []
    for (const what of [...ATTACKS.keys()].slice(Number(flags.from), Number(flags.to))) {
      if (!what.includes(flags.only)) continue
      const { row, held } = await judge(what, target, decoy, neighbour, Number(flags.seconds) * 1000)
      if (!held) bad++
      rows.push(row)
      // As it comes, for a run may be cut short.
      console.log(row.join(' | '))
    }
    neighbour.close()
    console.log(table(HEADING, rows))
    console.log(`${rows.length - bad} of ${rows.length}: all answered, p99 within ${MOST_WAIT} ms of the baseline's,`)
    console.log(`memory +${MOST_MEMORY} MiB at most, idle ${REST / 1000} s after the flood`)
  } finally {
    await target.stop()
    await decoy.stop()
    await silent.stop()
    origin.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return bad === 0 ? 0 : 1
}

if (flags.attack !== '') await attack(flags.attack, Number(flags.port))
else if (flags.silent) await beSilent(Number(flags.port))
else process.exit(await main())
