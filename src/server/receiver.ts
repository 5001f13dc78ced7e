/** From a codec's head to an exchange: contexts made, hop-by-hop and untrusted fields out, ours in. */
import type { Clock } from '../core/clock.ts'
import { DateField } from '../core/date-field.ts'
import type { ProxyError } from '../core/errors.ts'
import { Attempt, type Dispatch, Exchange, type RequestBody, RequestHead, ResponseHead } from '../core/exchange.ts'
import { withField } from '../core/headers.ts'
import { Ids } from '../core/ids.ts'
import type { OriginalDestination } from '../core/original-destination.ts'
import type { Random } from '../core/random.ts'
import { Offenders } from '../http/offenders.ts'
import type {
  IncomingConnection,
  IncomingExchange,
  IncomingHead,
  ServerLimits,
  ServerOwner,
} from '../http/server-side.ts'
import type { Violation } from '../http/violation.ts'
import { lessOne, maxForwards } from './max-forwards.ts'
import { type LocalAnswer, localAnswer } from './local-answer.ts'
import { readRequestFields, withForwarded } from './request-fields.ts'
import type { Peer, Trust } from './trust.ts'

/** Who says that the process has too much to do. */
export interface Shedding {
  /** False: every request is taken, and nothing else is asked. */
  readonly pressed: boolean
  /** While pressed, of each new request. */
  refuses(): boolean
  /** Connections of HTTP/1.1 end after their answer. One of HTTP/2 sent away would come back as another at once, for each request anew. */
  readonly closing: boolean
}

export interface ReceiverOptions {
  readonly direction: 'inbound' | 'outbound'
  readonly limits: ServerLimits
  readonly clock: Clock
  readonly random: Random
  readonly trust: Trust
  /** This instance's name in Via, behind the protocol version. */
  readonly pseudonym: string
  /** Read anew for each request: a reload swaps it. */
  dispatch(): Dispatch
  /** What a request meets that came through this instance before: telemetry and rescue, and no route. */
  readonly looped: Dispatch
  /** The same for one that may go no further. */
  readonly lastHop: Dispatch
  /** Left out: nobody is refused because of the load. `dispatch` is what a request meets that is. */
  readonly overload?: { readonly shedding: Shedding; readonly dispatch: Dispatch }
  draining(): boolean
  refused(reason: ProxyError): void
  /** How a client broke the rules of HTTP/2. */
  violation(how: Violation): void
  defect(where: string, error: unknown): void
  closed(connection: IncomingConnection): void
}

const AT_EASE: Shedding = { pressed: false, refuses: () => false, closing: false }

/** What one listener does with the heads of its connections. */
export class Receiver implements ServerOwner {
  readonly limits: ServerLimits
  readonly clock: Clock
  readonly offenders: Offenders
  readonly #options: ReceiverOptions
  readonly #ids: Ids
  readonly #date: DateField
  readonly #shedding: Shedding
  readonly #overloaded: Dispatch
  readonly #peers = new WeakMap<IncomingConnection, Peer>()

  constructor(options: ReceiverOptions) {
    this.limits = options.limits
    this.clock = options.clock
    this.offenders = new Offenders()
    this.#options = options
    this.#ids = new Ids(options.random)
    this.#date = new DateField(options.clock)
    this.#shedding = options.overload?.shedding ?? AT_EASE
    this.#overloaded = options.overload?.dispatch ?? options.looped
  }

  /** As HTTP/1.1 asks it. */
  get draining(): boolean {
    return this.#shedding.closing || this.#options.draining()
  }

  accept(
    head: IncomingHead,
    connection: IncomingConnection,
    response: IncomingExchange,
    original?: OriginalDestination,
  ): RequestBody {
    const options = this.#options
    const { direction, clock } = options
    const inbound = direction === 'inbound'
    const now = clock.now()
    const peer = this.#peerOf(connection)
    const fields = readRequestFields(head.headers, options.trust, peer, !inbound, options.pseudonym)
    const grpc = fields.grpc && head.method === 'POST'
    const grpcTimeout = grpc ? fields.grpcTimeout : -1
    const exchange = new Exchange(
      direction,
      now,
      clock.wallTime(),
      peer.address,
      connection.peerPort,
      fields.source,
      fields.requestId === '' ? this.#ids.traceId() : fields.requestId,
      fields.requestId === '',
      head.version,
      now + shorter(fields.timeout, grpcTimeout),
    )
    exchange.grpc = grpc
    exchange.original = original
    if (grpcTimeout >= 0) exchange.grpcDeadline = now + grpcTimeout
    response.exchange = exchange
    const hops = maxForwards(head.method, fields.headers)
    const kept = hops > 0 ? lessOne(fields.headers, hops) : fields.headers
    // What the connection is, not what a stranger says of it in its target.
    const scheme = connection.secure ? 'https' : 'http'
    const headers = inbound ? withForwarded(kept, connection.peerAddress, scheme, head.authority) : kept
    const request = new RequestHead(
      head.method,
      head.target,
      head.scheme,
      head.authority,
      headers,
      head.bodyLength,
      head.upgrade,
      head.expectContinue,
      exchange,
      new Attempt('first', false, false),
    )
    if (this.#shedding.pressed && this.#shedding.refuses()) {
      // GOAWAY to whoever speaks HTTP/2; over HTTP/1.1 the answer itself says that the connection ends.
      connection.drain()
      return this.#overloaded(request, response)
    }
    // As `Connection: close` does it over HTTP/1.1: whoever sends something in a drain is told to go, with what it has sent.
    if (connection.announces && options.draining()) connection.drain()
    if (fields.looped) return options.looped(request, response)
    return hops === 0 ? options.lastHop(request, response) : options.dispatch()(request, response)
  }

  #peerOf(connection: IncomingConnection): Peer {
    let peer = this.#peers.get(connection)
    if (peer === undefined) {
      peer = this.#options.trust.peer(connection.peerAddress)
      this.#peers.set(connection, peer)
    }
    return peer
  }

  refusal(error: ProxyError): LocalAnswer {
    this.#options.refused(error)
    const { head, body } = localAnswer(error, '')
    const { status, reasonPhrase, bodyLength, origin, reason } = head
    const headers = withField(head.headers, 'date', this.#date.now())
    return { head: new ResponseHead(status, reasonPhrase, headers, bodyLength, origin, reason), body }
  }

  violation(how: Violation): void {
    this.#options.violation(how)
  }

  defect(where: string, error: unknown): void {
    this.#options.defect(where, error)
  }

  closed(connection: IncomingConnection): void {
    this.#options.closed(connection)
  }
}

/** Of two times, of which a negative one says nothing, ms. */
function shorter(a: number, b: number): number {
  if (b < 0) return a < 0 ? Number.POSITIVE_INFINITY : a
  return a < 0 ? b : Math.min(a, b)
}
