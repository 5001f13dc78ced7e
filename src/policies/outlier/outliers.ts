/** The endpoints of one service as outlier sees them: who is set aside, who may be, who comes back. Survives a reload. */
import type { Outcome } from '../../core/attempt-outcome.ts'
import type { Clock } from '../../core/clock.ts'
import { EndpointStates } from '../../core/endpoint-states.ts'
import { ProxyError } from '../../core/errors.ts'
import type { EndpointChange, Mode, ObservableGroup, PolicyEvents } from '../../core/events.ts'
import type { EndpointInfo, Exchange } from '../../core/exchange.ts'
import type { Random } from '../../core/random.ts'
import { type EjectReason, ejectionTime, mostEjected, PROBE_WAIT, RATE_WINDOW } from './decide.ts'
import { Member } from './member.ts'

/** So many must be ready beside one that comes back, for it to start slowly. */
const OTHERS_TO_CARRY = 2

export interface OutlierConfig {
  readonly consecutive: number
  /** ms */
  readonly ejectFor: number
  /** 0…1 */
  readonly maxEjected: number
  /** 0…1 */
  readonly jitter: number
}

export class Outliers implements ObservableGroup {
  /** As of the last time the stack was made; not part of what is kept. */
  mode: Mode
  readonly #service: string
  readonly #config: OutlierConfig
  readonly #clock: Clock
  readonly #random: Random
  readonly #events: PolicyEvents
  readonly #states: EndpointStates<Member>
  /** As the pick last had them; replaced as a whole when discovery finds others. */
  #endpoints: readonly EndpointInfo[]
  /** In the order of the endpoints. */
  #members: Member[]
  /** How many they are: an address that a file lists twice is one. */
  #addresses: number
  /** Of these, not ready. */
  #out: number

  constructor(service: string, config: OutlierConfig, clock: Clock, random: Random, events: PolicyEvents) {
    this.mode = 'enforce'
    this.#service = service
    this.#config = config
    this.#clock = clock
    this.#random = random
    this.#events = events
    const modeNow = () => this.mode
    this.#states = new EndpointStates(clock, ({ address }) => new Member(service, address, clock, modeNow))
    this.#endpoints = []
    this.#members = []
    this.#addresses = 0
    this.#out = 0
  }

  members(): Iterable<Member> {
    return this.#members
  }

  /** Addresses that are remembered. */
  get known(): number {
    return this.#states.size
  }

  of(endpoint: EndpointInfo): Member {
    return this.#states.of(endpoint)
  }

  /** In shadow mode everybody is. */
  isReady(endpoint: EndpointInfo): boolean {
    return this.#out === 0 || this.mode === 'shadow' || this.#states.of(endpoint).state === 'ready'
  }

  /** Before each pick. True: somebody is set aside whose time is over, and waits for a probe. */
  look(endpoints: readonly EndpointInfo[]): boolean {
    if (endpoints !== this.#endpoints) this.#enlist(endpoints)
    if (this.#out === 0) return false
    const now = this.#clock.now()
    let due = false
    for (let i = 0; i < this.#members.length; i++) {
      const member = this.#members[i] as Member
      if (member.state === 'ready') continue
      this.#endProbe(member, now)
      this.#heed(member, endpoints[i] as EndpointInfo, now)
      if (member.due(now)) due = true
    }
    return due
  }

  /** Whom to ask whether it is well again; called when `look` said that there is one. */
  due(): EndpointInfo | undefined {
    const now = this.#clock.now()
    const at = this.#members.findIndex((member) => member.due(now))
    return this.#endpoints[at]
  }

  /** The end of an attempt that was let in at `generation`. */
  settle(member: Member, generation: number, outcome: Outcome, exchange: Exchange, now: number): void {
    if (generation !== member.generation) return
    if (outcome === 'neutral') {
      if (member.state === 'probing') member.giveBack()
      return
    }
    const failed = outcome === 'failed' || outcome === 'failed-slow'
    if (member.state === 'probing') {
      if (failed) this.#eject(member, 'probe_failed', 'the request that asked it failed', exchange, now)
      else this.#comeBack(member, 'probe_ok', 'the request that asked it went well', now)
      return
    }
    const why = member.record(now, failed, this.#config.consecutive)
    if (why === '' || !member.listed) return
    if (this.#out < mostEjected(this.#addresses, this.#config.maxEjected)) {
      this.#eject(member, why, this.#figures(member, why), exchange, now)
    } else this.#cap(member, why)
  }

  refusal(): ProxyError {
    const cause = `${this.#out} of ${this.#addresses} endpoints of ${this.#service} are ejected, and no other can be used`
    return new ProxyError('no_endpoints', 'proxy', 'no', cause)
  }

  /** Others are there, or fewer: whoever went is forgotten in time, whoever stays keeps what is known of it. */
  #enlist(endpoints: readonly EndpointInfo[]): void {
    for (const member of this.#members) member.listed = false
    this.#endpoints = endpoints
    this.#members = endpoints.map((endpoint) => this.#states.of(endpoint))
    for (const member of this.#members) member.listed = true
    const addresses = [...new Set(this.#members)]
    const out = addresses.filter(({ state }) => state !== 'ready').sort((a, b) => a.until - b.until)
    this.#addresses = addresses.length
    this.#out = out.length
    const most = mostEjected(this.#addresses, this.#config.maxEjected)
    if (this.#out <= most) return
    const why = `at most ${most} of ${this.#addresses} may be ejected now`
    for (const member of out.slice(0, this.#out - most)) this.#comeBack(member, 'too_few_left', why, this.#clock.now())
  }

  /** No timer waits for a probe: the next pick looks. */
  #endProbe(member: Member, now: number): void {
    const end = member.overdue(now)
    if (end === 'answered') this.#comeBack(member, 'probe_ok', 'the request that asked it is being answered', now)
    else if (end === 'silent') {
      const why = `the request that asked it had no answer within ${PROBE_WAIT / 1000} s`
      this.#eject(member, 'probe_failed', why, undefined, now)
    }
  }

  /** An active health check went well after its time was over. */
  #heed(member: Member, endpoint: EndpointInfo, now: number): void {
    if (!member.due(now) || (endpoint.wellAt ?? 0) < member.until) return
    this.#comeBack(member, 'health_check', 'a health check went well', now)
  }

  #figures(member: Member, why: EjectReason): string {
    if (why === 'consecutive') return `${member.consecutive} failures in a row`
    const { calls, failed } = member.window
    return `${failed} of ${calls} calls failed within ${RATE_WINDOW / 1000} s`
  }

  #eject(member: Member, reason: EjectReason, why: string, exchange: Exchange | undefined, now: number): void {
    const { ejectFor, jitter } = this.#config
    const times = member.countTimes(now, ejectFor)
    const time = ejectionTime(ejectFor, times, jitter, this.#random.fraction())
    if (member.state === 'ready') this.#out++
    member.eject(now + time)
    const again = times === 1 ? '' : `, ${times} times the base`
    this.#tell(member, 'ejected', reason, `${why}${again}`, time)
    if (this.mode === 'shadow' && exchange !== undefined) this.#events.decided(exchange, 'outlier', 'eject', 'shadow')
  }

  #comeBack(member: Member, reason: string, why: string, now: number): void {
    if (member.listed) this.#out--
    member.comeBack(now)
    this.#startSlowly(member, now)
    this.#tell(member, 'returned', reason, why, 0)
  }

  /** It gets its share little by little, where enough others carry the rest meanwhile (docs/balancing.md). */
  #startSlowly(member: Member, now: number): void {
    const endpoint = this.#endpoints[this.#members.indexOf(member)]
    const others = this.#addresses - this.#out - 1
    if (endpoint !== undefined && this.mode === 'enforce' && others >= OTHERS_TO_CARRY) endpoint.warmingSince = now
  }

  /** Said once, until a success: it fails on, and each failure asks anew. */
  #cap(member: Member, reason: EjectReason): void {
    if (member.capped) return
    member.capped = true
    const most = mostEjected(this.#addresses, this.#config.maxEjected)
    const only = `at most ${most} of ${this.#addresses} endpoints may be ejected`
    const now = `${this.#out} ${this.#out === 1 ? 'is' : 'are'}`
    this.#tell(member, 'kept', reason, `${this.#figures(member, reason)}; ${only}, ${now}`, 0)
  }

  #tell(member: Member, change: EndpointChange['change'], reason: string, why: string, time: number): void {
    const { address } = member
    this.#events.endpointChanged({ service: this.#service, address, change, reason, why, time, mode: this.mode })
  }
}
