/** The sidecar as a process of its own, whose memory and CPU are watched while somebody attacks it and a neighbour asks on. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { RST_STREAM } from '../../../src/http2/frames.ts'
import { http2Client, type Http2Peer, request } from '../../support/http2-raw.ts'

const PROGRAM = join(import.meta.dirname, '../../../cmd/outrigger.ts')
const PAGE = 4096
/** MiB that an attack may add to what is alive, and to what is resident once it is over. */
const MOST_MEMORY = 20
/**
 * ms that it has to come to rest, and ms in which its CPU is then looked at: together a second. Memory goes back in the first calm
 * (decision 0058), which costs some CPU once: a look that sees that is followed by another, from the end of the second on.
 */
const REST = 400
const LOOK = 600
/** Hundredths of a second of CPU in a look: what the timers and the measurement itself take. */
const IDLE = 6
/** An attack is begun anew until the neighbour has had so many answers. */
const ANSWERS = 3
const MOST_ROUNDS = 10
/** ms that a neighbour may wait in the middle of an attack: it is alive, on a machine that has other things to do. */
const PATIENCE = 5000
/**
 * On SIGUSR2 it collects its garbage, so that memory which is only not collected yet does not count, and says in a file how many
 * bytes are alive.
 */
const COLLECT = `data:text/javascript,
  import { writeFileSync } from 'node:fs';
  process.on('SIGUSR2', () => {
    globalThis.gc({type: 'major', execution: 'sync', flavor: 'last-resort'});
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(process.env.ALIVE, String(heapUsed %2B external))
  })`

export const MEASURABLE = process.platform === 'linux'

export class Victim {
  readonly port: number
  readonly admin: number
  readonly pid: number
  readonly #alive: string

  /** `alive`: the file in which it says how many bytes are. */
  constructor(pid: number, port: number, admin: number, alive: string) {
    this.pid = pid
    this.#alive = alive
    this.port = port
    this.admin = admin
  }

  async #get(path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.admin}${path}`, { headers: { connection: 'close' } })
    return answer.text()
  }

  /** Resident memory behind a collection, MiB. */
  async memory(): Promise<number> {
    for (let i = 0; i < 2; i++) {
      process.kill(this.pid, 'SIGUSR2')
      await this.#get('/livez')
    }
    return this.resident()
  }

  /** What was alive at the last collection, MiB. */
  alive(): number {
    return Number(readFileSync(this.#alive, 'latin1')) / 2 ** 20
  }

  resident(): number {
    const pages = Number(readFileSync(`/proc/${this.pid}/statm`, 'latin1').split(' ')[1])
    return (pages * PAGE) / 2 ** 20
  }

  /** Resolves once no client is connected any more: what an attack before has opened is over, and no part of the next one. */
  async alone(): Promise<void> {
    for (;;) {
      const { connections } = JSON.parse(await this.#get('/state')) as { connections: { outbound: number } }
      if (connections.outbound === 0) return
      await sleep(2)
    }
  }

  /** Hundredths of a second of CPU so far. */
  ticks(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  }

  /** Violations that were counted, by `client kind` or `upstream kind`. */
  async violations(): Promise<Record<string, number>> {
    const counted: Record<string, number> = {}
    for (const line of (await this.#get('/metrics')).split('\n')) {
      if (!line.startsWith('outrigger_http2_violations_total{')) continue
      const peer = /peer="(\w+)"/.exec(line)?.[1]
      const kind = /kind="(\w+)"/.exec(line)?.[1]
      counted[`${peer} ${kind}`] = Number(line.slice(line.lastIndexOf(' ') + 1))
    }
    return counted
  }

  async defects(): Promise<number> {
    const lines = (await this.#get('/metrics'))
      .split('\n')
      .filter((line) => line.startsWith('outrigger_defects_total{'))
    return lines.length
  }
}

/** `ports`: the Services that it knows; `more`: further documents. */
export async function startVictim(t: Test, ports: Readonly<Record<string, number>>, more = ''): Promise<Victim> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-attacked-'))
  const documents = Object.entries(ports).map(([name, port]) => {
    return `kind: Service\nname: ${name}\nendpoints: ["127.0.0.1:${port}"]\n`
  })
  const head = 'kind: Sidecar\nname: test\naccessLog: {format: none}\n'
  writeFileSync(join(folder, 'policy.yaml'), [head, ...documents, more].filter(Boolean).join('---\n'))
  const local = '127.0.0.1:0'
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--import', COLLECT, PROGRAM, 'run', '--config', folder, '--outbound', local, '--admin', local],
    { env: { PATH: process.env.PATH ?? '', ALIVE: join(folder, '.alive') }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  t.teardown(async () => {
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const ready = await new Promise<{ outbound: string; admin: string }>((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk
      const line = said.split('\n').find((one) => one.includes('"msg":"ready"') && one.endsWith('}'))
      if (line !== undefined) resolve(JSON.parse(line))
    })
    child.once('close', () => reject(new Error(`the sidecar ended: ${said}`)))
  })
  const port = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1))
  const victim = new Victim(child.pid as number, port(ready.outbound), port(ready.admin), join(folder, '.alive'))
  await warmUp(t, victim, Object.keys(ports)[0] as string)
  return victim
}

/** What is made on first use is made, and the code that all attacks meet is compiled, before anything is measured. */
async function warmUp(t: Test, victim: Victim, authority: string): Promise<void> {
  const client = await http2Client(t, victim.port)
  for (let id = 1; id < 4000; id += 200) {
    for (let i = 0; i < 200; i += 2) client.send(request(id + i, { authority }))
    for (let i = 0; i < 200; i += 2) await client.finished(id + i)
  }
  client.destroy()
  await victim.violations()
}

/** Asks one request after the other on a connection of its own, until told to stop. */
class Neighbour {
  readonly #client: Http2Peer
  readonly #authority: string
  readonly #waits: number[] = []
  readonly #done: Promise<void>
  #id = 1
  #stopped = false
  failed = ''

  constructor(client: Http2Peer, authority: string) {
    this.#client = client
    this.#authority = authority
    this.#done = this.#ask()
  }

  async #ask(): Promise<void> {
    try {
      while (!this.#stopped) {
        const id = this.#id
        this.#id += 2
        const began = performance.now()
        this.#client.send(request(id, { authority: this.#authority }))
        // Whoever is reset waits for no status.
        const answer = await this.#client.frame(`an answer on ${id}`, (one) => one.id === id && one.type !== 0)
        if (answer.type === RST_STREAM) throw new Error(`request ${id} was reset`)
        const status = await this.#client.status(id)
        if (status !== 200) throw new Error(`request ${id} got ${status}: ${String(await this.#client.head(id))}`)
        await this.#client.finished(id)
        this.#client.frames.length = 0
        this.#waits.push(performance.now() - began)
        await sleep(2)
      }
    } catch (error) {
      this.failed = String(error)
    }
  }

  /** Resolves once it has had so many more answers, or has failed. */
  async until(more: number): Promise<void> {
    const enough = this.#waits.length + more
    while (this.#waits.length < enough && this.failed === '') await sleep(5)
  }

  get answers(): number {
    return this.#waits.length
  }

  /** Its answers, and of their waits the 99th percentile, ms. */
  async stop(): Promise<{ readonly answers: number; readonly p99: number }> {
    this.#stopped = true
    await this.#done
    const sorted = this.#waits.toSorted((a, b) => a - b)
    return { answers: sorted.length, p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.POSITIVE_INFINITY }
  }
}

/** Ends when the attack is at its height: what it opened is still open. */
export type Attack = (port: number) => Promise<void>

/**
 * Attacks, and asserts what must hold for each: memory, CPU once it is over, a neighbour that notices nothing, and a
 * request after it. `holds`: what the attack has opened is to be endured while it stays open, and is not begun anew.
 */
export async function withstands(t: Test, victim: Victim, attack: Attack, holds = false): Promise<void> {
  const authority = 'origin'
  await victim.alone()
  const before = await victim.memory()
  const aliveBefore = victim.alive()
  const neighbour = new Neighbour(await http2Client(t, victim.port), authority)
  let highest = 0
  const watch = setInterval(() => (highest = Math.max(highest, victim.resident())), 20)
  const began = performance.now()
  try {
    await attack(victim.port)
    if (holds) await neighbour.until(ANSWERS)
    else
      for (let i = 1; i < MOST_ROUNDS && neighbour.answers < ANSWERS && neighbour.failed === ''; i++)
        await attack(victim.port)
  } finally {
    clearInterval(watch)
  }
  const lasted = performance.now() - began
  const { answers, p99 } = await neighbour.stop()
  await sleep(REST)
  const first = await look(victim)
  const idle = first <= IDLE ? first : await look(victim)
  const added = (await victim.memory()) - before
  const alive = victim.alive() - aliveBefore
  t.comment(
    `${lasted.toFixed(0)} ms; memory ${before.toFixed(1)} MiB, highest +${(highest - before).toFixed(1)}, after +${added.toFixed(1)}, alive +${alive.toFixed(1)}; ` +
      `CPU afterwards ${idle * 10} ms; the neighbour: ${answers} answers, p99 ${p99.toFixed(1)} ms`,
  )
  t.ok(alive <= MOST_MEMORY, `+${alive.toFixed(1)} MiB alive`)
  t.ok(added <= MOST_MEMORY, `memory +${added.toFixed(1)} MiB`)
  t.ok(idle <= IDLE, `${idle * 10} ms of CPU in ${LOOK} ms once it is over`)
  if (neighbour.failed !== '') t.comment(`violations so far: ${JSON.stringify(await victim.violations())}`)
  t.equal(neighbour.failed, '', 'the neighbour noticed nothing')
  t.ok(answers > 0, 'the neighbour asked')
  t.ok(p99 < PATIENCE, `the neighbour's p99 ${p99.toFixed(1)} ms`)
  const client = await http2Client(t, victim.port)
  client.send(request(1, { authority }))
  t.equal(await client.status(1), 200, 'a request after it')
  client.destroy()
  t.equal(await victim.defects(), 0, 'no defect of ours')
}

/** Hundredths of a second of CPU. */
async function look(victim: Victim): Promise<number> {
  const before = victim.ticks()
  await sleep(LOOK)
  return victim.ticks() - before
}
