/**
 * What our own sidecar does inside: its start by phase, its memory by owner, and for each request allocation, garbage
 * collection and system calls. It runs with a probe in it, and apart from the comparison with others.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from './lab.ts'
import { type Owner, memoryMap } from './memory-map.ts'
import type { Peer } from './peer-file.ts'
import { memory } from './proc.ts'
import { median } from './side-by-side.ts'
import { type Load, load, warmUp } from './spell.ts'
import type { Started } from './started.ts'
import { systemCalls } from './system-calls.ts'
import { show, type Table } from './tables.ts'

const PROBE = fileURLToPath(new URL('probe.cjs', import.meta.url))

/** What the probe says. Marks are ms since 1970, sizes bytes. */
interface Said {
  readonly marks: Readonly<Record<string, number>>
  readonly gc: { readonly count: number; readonly ms: number }
  readonly spaces: readonly (readonly [name: string, size: number, used: number])[]
  readonly allocated: number
  readonly external: number
  readonly malloced: number
}

/** The same sidecar with the probe in it. */
function probed(peer: Peer): Peer {
  return { ...peer, start: peer.start.replace(' ', ` --require ${PROBE} `) }
}

async function ask(proxy: Started, path: string): Promise<Said> {
  rmSync(path, { force: true })
  process.kill(proxy.pid, 'SIGUSR2')
  for (let i = 0; i < 200 && !existsSync(path); i++) await sleep(10)
  return JSON.parse(readFileSync(path, 'utf8')) as Said
}

// ---------------------------------------------------------------- start

/** In their order: the mark that ends a phase, and what happened in it. */
const PHASES = [
  ['process', 'the process begins'],
  ['node', 'Node is ready'],
  ['bundle', 'the bundle is read and compiled'],
  ['run', 'what `run` needs is evaluated'],
  ['configuration', 'files are read, checked and compiled'],
  ['listeners', 'listeners are bound'],
  ['first', 'the first 200'],
] as const

/** ms from the start of the process; medians of `rounds`. */
export async function startPhases(lab: Lab, peer: Peer, rounds: number): Promise<Table> {
  const ends = new Map<string, number[]>(PHASES.map(([name]) => [name, []]))
  const path = join(lab.scratch, 'probe.json')
  for (let round = 0; round < rounds; round++) {
    const { proxy, startMs } = await lab.start(probed(peer), { OUTRIGGER_PROBE: path })
    try {
      const { marks } = await ask(proxy, path)
      for (const [name] of PHASES)
        ends.get(name)?.push(name === 'first' ? startMs : (marks[name] ?? Number.NaN) - proxy.at)
    } finally {
      await proxy.stop()
    }
  }
  let before = 0
  const rows = PHASES.map(([name, words]) => {
    const at = median(ends.get(name) ?? [])
    const row = [words, show(at - before), show(at)]
    before = at
    return row
  })
  return { heading: ['phase', 'ms', 'since the start'], rows }
}

// ---------------------------------------------------------------- memory

const OWNERS: readonly Owner[] = ['V8 pages', 'V8 machine code', 'C library', 'other maps', 'stacks', 'file pages']

/** MiB. */
export async function memoryByOwner(lab: Lab, peer: Peer, seconds: number, connections: number): Promise<Table> {
  const path = join(lab.scratch, 'probe.json')
  const { proxy, port } = await lab.start(probed(peer), { OUTRIGGER_PROBE: path })
  const rows: string[][] = []
  const note = async (phase: string): Promise<void> => {
    const owners = memoryMap(proxy.pid)
    const { rss } = memory(proxy.pid)
    const { spaces, external } = await ask(proxy, path)
    const used = spaces.reduce((sum, [, , bytes]) => sum + bytes, 0) / 2 ** 20
    const cells = OWNERS.map((owner) => show(owners.get(owner) ?? 0, 1))
    rows.push([phase, show(rss, 1), ...cells, show(used, 1), show(external / 2 ** 20, 1)])
  }
  try {
    await sleep(2000)
    await note('idle')
    const held = await lab.generator.idle(port, connections)
    await sleep(1000)
    await note(`${connections} idle connections`)
    await held.close()
    await load(lab, port, seconds, 'get')
    await note('after GETs')
    await load(lab, port, seconds, 'post')
    await note('after POSTs')
    await sleep(5000)
    await note('5 s later')
  } finally {
    await proxy.stop()
  }
  return { heading: ['phase', 'resident', ...OWNERS, "in use of V8's heap", 'outside of it, as V8 counts'], rows }
}

// ---------------------------------------------------------------- requests

export async function perRequest(lab: Lab, peers: readonly Peer[], seconds: number): Promise<Table> {
  const rows: string[][] = []
  for (const peer of peers) {
    const path = join(lab.scratch, 'probe.json')
    const { proxy, port } = await lab.start(probed(peer), { OUTRIGGER_PROBE: path })
    const kinds: readonly (readonly [Load, string])[] = peer.http2
      ? [['http2', 'GET, HTTP/2']]
      : [
          ['get', 'GET'],
          ['post', 'POST 10 KiB'],
        ]
    try {
      for (const [kind, label] of kinds) {
        await warmUp(lab, port, kind)
        const before = await ask(proxy, path)
        const start = performance.now()
        const { count } = await load(lab, port, seconds, kind)
        const wall = performance.now() - start
        const after = await ask(proxy, path)
        const calls = await systemCalls(lab.programs['strace'], proxy.pid, () => load(lab, port, seconds, kind))
        rows.push([
          label,
          show((after.allocated - before.allocated) / count),
          show(((after.gc.ms - before.gc.ms) / wall) * 100, 1),
          show(((after.gc.count - before.gc.count) / count) * 10_000, 1),
          calls,
        ])
      }
    } finally {
      await proxy.stop()
    }
  }
  return {
    heading: [
      'request',
      'bytes allocated on the heap',
      'collecting, % of the time',
      'collections in 10 000',
      'system calls',
    ],
    rows,
  }
}
