/** One pairing of a client and a server through two sidecars: calls are made in it, and what both ends saw is kept. */
import { readFileSync } from 'node:fs'
import { nowMs, sleep, until } from '../../../src/demo/time.ts'
import type { Bound } from '../bounds.ts'
import { Peer } from './peer.ts'
import { Sidecars } from './sidecars.ts'
import type { Result, Seen, Spec } from './spec.ts'

/** Until a call has to be over, ms: whatever takes longer hangs. */
const PATIENCE = 60_000
/** What a server still has to say when the last call is over, ms. */
const SETTLING = 300
const LOOK_EVERY = 20
/** A timer of ours that is later than this, in ms, had no machine to itself: as late as a cancel may be. */
const TOO_LATE = 50

/** Commands of the two peers. The client's is followed by where to connect. */
export interface Pairing {
  readonly name: string
  readonly client: readonly string[]
  readonly server: readonly string[]
}

/** MiB of one sidecar: before, and the most while something was going on. */
export interface Growth {
  readonly name: string
  readonly before: number
  readonly most: number
}

/** A bound that can be judged once the server has said all it had to. */
export type Judge = () => Bound | Bound[]

export class Story {
  readonly #results = new Map<string, Result>()
  readonly #seen: Seen[] = []
  readonly #server: Peer
  #late = 0
  #client: Peer | undefined
  #sidecars: Sidecars | undefined

  private constructor(server: readonly string[]) {
    this.#server = new Peer('server', server, (line) => this.#seen.push(line as Seen))
  }

  static async start(pairing: Pairing, sidecar: readonly string[]): Promise<Story> {
    const story = new Story(pairing.server)
    try {
      await story.#server.ready()
      story.#sidecars = await Sidecars.start(sidecar, story.#server.listen)
      story.#client = new Peer('client', [...pairing.client, story.#sidecars.entrance], (line) => {
        const result = line as Result
        story.#results.set(result.id, result)
      })
      await story.#client.ready()
      return story
    } catch (error) {
      await story.stop()
      throw error
    }
  }

  /** Makes the calls, all at once, and resolves when each is over. */
  async calls(...specs: readonly Spec[]): Promise<Result[]> {
    for (const each of specs) this.#client?.say(each)
    const over = (): boolean => specs.every(({ id }) => this.#results.has(id)) || this.#fallen() !== ''
    await until(over, PATIENCE, 2)
    return specs.map(({ id }) => {
      const result = this.#results.get(id)
      if (result === undefined) throw new Error(`Call '${id}' must end: it has not. ${this.#fallen()}`)
      return result
    })
  }

  async call(spec: Spec): Promise<Result> {
    return (await this.calls(spec))[0] as Result
  }

  /** Resolves once that call has reached the server. */
  async arrival(id: string): Promise<void> {
    const here = await until(() => this.reached(id) > 0, PATIENCE, 2)
    if (!here) throw new Error(`Call '${id}' must reach the server: it has not. ${this.#fallen()}`)
  }

  /** Starts a call and does not wait for its end. */
  begin(spec: Spec): void {
    this.#client?.say(spec)
  }

  seen(id: string, event: Seen['event']): Seen[] {
    return this.#seen.filter((each) => each.id === id && each.event === event)
  }

  /** Somebody else had the machine while something was timed. */
  get disturbed(): boolean {
    return this.#late > TOO_LATE
  }

  /** How late our own timers are while `what` is timed. */
  async timed<T>(what: () => Promise<T>): Promise<T> {
    let over = false
    const done = what().finally(() => {
      over = true
    })
    while (!over) {
      const due = nowMs() + LOOK_EVERY
      await sleep(LOOK_EVERY)
      this.#late = Math.max(this.#late, nowMs() - due)
    }
    return done
  }

  /** How many attempts of that call reached the server. */
  reached(id: string): number {
    return this.seen(id, 'call').length
  }

  /** Looks at the memory of both sidecars while `what` goes on. */
  async watched(what: () => Promise<unknown>): Promise<Growth[]> {
    const { client, server } = this.#sidecars as Sidecars
    const looks = [client, server].map(({ name, pid }) => ({ name, pid, before: rss(pid), most: 0 }))
    let over = false
    const done = what().finally(() => {
      over = true
    })
    while (!over) {
      for (const look of looks) look.most = Math.max(look.most, rss(look.pid))
      await sleep(LOOK_EVERY)
    }
    await done
    return looks
  }

  async stop(): Promise<void> {
    await sleep(SETTLING)
    await this.#client?.stop()
    await this.#sidecars?.stop()
    await this.#server.stop()
  }

  #fallen(): string {
    const { client, server } = this.#sidecars ?? {}
    const sidecars = [client, server].map((child) => (child?.ended ? `${child.name}: ${child.lastWords}` : ''))
    return [this.#client?.fallen ?? '', this.#server.fallen, ...sidecars].filter((words) => words !== '').join('\n')
  }
}

/** MiB resident; NaN where there is no /proc. */
function rss(pid: number | undefined): number {
  try {
    const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return Number(kib) / 1024
  } catch {
    return Number.NaN
  }
}
