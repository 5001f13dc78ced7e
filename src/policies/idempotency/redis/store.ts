/** Keys in Redis, shared by all replicas of the service. */
import type { Clock, Timed, Timer } from '../../../core/clock.ts'
import type { IdempotencySnapshot, PolicyEvents } from '../../../core/events.ts'
import type { Random } from '../../../core/random.ts'
import type { StoredAnswer } from '../answer.ts'
import type { Fate } from '../decide.ts'
import type { Asker, Look, StoreLater } from '../store.ts'
import { Once, Poll, type Question, type QuestionOwner } from './ask.ts'
import { encode } from './codec.ts'
import { type Done, type RedisConfig, RedisConnection } from './connection.ts'
import { type LeaseOwner, RedisLease } from './lease.ts'
import { ACQUIRE, RENEW, SETTLE } from './scripts.ts'

export interface RedisOptions {
  readonly service: string
  readonly policy: string
  /** ms */
  readonly ttl: number
  readonly release: boolean
  readonly redis: RedisConfig
  /** ms; for tests. */
  readonly lease?: number
}

/** ms. Renewed at each third of it; a replica that died is found out after one. */
const LEASE = 10_000
/** What Redis could not be told is told when it is back: so many keys, so many bytes of answers, the oldest lost first. */
const MOST_UNTOLD = 1000
const MOST_UNTOLD_BYTES = 8 * 1024 * 1024
/** ms until it is told again while the connection stands: Redis may refuse writes for a while, and say nothing when it takes them again. */
const RETELL = 1000

interface Untold {
  readonly key: string
  readonly args: readonly (string | Buffer)[]
  readonly bytes: number
}

export class RedisStore implements StoreLater, QuestionOwner, LeaseOwner, Timed {
  readonly atOnce = false
  readonly clock: Clock
  /** ms */
  readonly lease: number
  readonly timeout: number
  readonly #options: RedisOptions
  readonly #random: Random
  readonly #events: PolicyEvents
  readonly #prefix: string
  readonly #connection: RedisConnection
  readonly #questions = new Map<Asker, Question>()
  readonly #untold: Untold[] = []
  #untoldBytes = 0
  #retelling: Timer | undefined
  #leases = 0
  #retired = false

  constructor(options: RedisOptions, clock: Clock, random: Random, events: PolicyEvents) {
    this.clock = clock
    this.lease = options.lease ?? LEASE
    this.timeout = options.redis.timeout
    this.#options = options
    this.#random = random
    this.#events = events
    this.#prefix = `outrigger:idempotency:${options.service}:${options.policy}:`
    this.#connection = new RedisConnection(options.redis, random, () => this.#tellAll())
  }

  acquire(key: string, asker: Asker): void {
    this.#questions.set(asker, new Once(this, this.#nameOf(key), asker))
  }

  wait(key: string, asker: Asker): void {
    this.#questions.set(asker, new Poll(this, this.#nameOf(key), asker))
  }

  forget(asker: Asker): void {
    this.#questions.get(asker)?.stop()
    this.#questions.delete(asker)
    if (this.#retired) this.retire()
  }

  // ---------------------------------------------------------------- for questions and leases

  /** Asks for the key with a new token. */
  ask(key: string, token: string, done: Done): void {
    const { ttl, release } = this.#options
    this.#connection.call(ACQUIRE, key, [token, `${this.lease}`, `${ttl}`, release ? '1' : '0'], done)
  }

  /** The root of what the answer starts (G6). */
  answered(asker: Asker, look: Look): void {
    this.#questions.delete(asker)
    try {
      asker.told(look)
    } catch (error) {
      this.#events.defect('idempotency', error)
    }
    if (this.#retired) this.retire()
  }

  leased(key: string, token: string): RedisLease {
    this.#leases++
    return new RedisLease(this, key, token)
  }

  renew(key: string, token: string): void {
    // Not renewed in time it runs out, and the key is in doubt for the others: that is what a lease is for.
    this.#connection.call(RENEW, key, [token, `${this.lease}`, `${this.#options.ttl}`], () => {})
  }

  settle(key: string, token: string, fate: Fate, answer: StoredAnswer | undefined): void {
    this.#leases--
    this.tell(key, token, fate, answer)
    if (this.#retired) this.retire()
  }

  /** What became of a key. Told again when Redis is back: the token makes it harmless when it comes late. */
  tell(key: string, token: string, fate: Fate, answer: StoredAnswer | undefined): void {
    const { ttl, release } = this.#options
    const what = fate === 'unknown' && release ? 'free' : fate
    const body = answer === undefined ? '' : encode(answer)
    this.#tell({ key, args: [token, what, `${ttl}`, body], bytes: body.length })
  }

  #tell(told: Untold): void {
    this.#connection.call(SETTLE, told.key, told.args, (_value, error) => {
      if (error === '' || this.#retired) return
      this.#untold.push(told)
      this.#untoldBytes += told.bytes
      while (this.#untold.length > MOST_UNTOLD || this.#untoldBytes > MOST_UNTOLD_BYTES) {
        this.#untoldBytes -= this.#untold.shift()?.bytes ?? 0
      }
      this.#retelling ??= this.clock.schedule(RETELL, this)
    })
  }

  /** A connection that does not stand tells all once it does. */
  expired(): void {
    this.#retelling = undefined
    if (this.#connection.up) this.#tellAll()
  }

  #tellAll(): void {
    const untold = this.#untold.splice(0)
    this.#untoldBytes = 0
    for (const told of untold) this.#tell(told)
  }

  /** 128 bits: two replicas never make the same. */
  token(): string {
    let token = ''
    for (let i = 0; i < 4; i++) token += this.#random.word().toString(16).padStart(8, '0')
    return token
  }

  /** Hashed: a client's key may be long, and is none of the business of who looks into Redis. */
  #nameOf(key: string): string {
    return this.#prefix + process.getBuiltinModule('node:crypto').createHash('sha256').update(key).digest('base64url')
  }

  // ---------------------------------------------------------------- its own life

  /** No stack has it any more: closed once the last request that holds a key has ended, and the last that waits for one has been told. */
  retire(): void {
    this.#retired = true
    if (this.#leases > 0 || this.#questions.size > 0) return
    this.clock.cancel(this.#retelling)
    // After the last words are out.
    this.#connection.call(RENEW, this.#prefix, ['', '0', '0'], () => this.#connection.close())
  }

  snapshot(): IdempotencySnapshot {
    const { service, policy } = this.#options
    const { up, error } = this.#connection
    const counts = { leased: this.#leases, done: 0, unknown: 0, bytes: this.#untoldBytes, evicted: 0 }
    return { kind: 'idempotency', service, policy, store: 'redis', up, error: up ? '' : error, ...counts }
  }
}
