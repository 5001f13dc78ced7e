/** What a server side is made with and asks for, in whichever version of HTTP it speaks. */
import type { Clock } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange, RequestBody, ResponseHandler, ResponseHead } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import type { Offenders } from './offenders.ts'
import type { Violation } from './violation.ts'

export interface HeadLimits {
  /** Bytes of a whole head, and of a trailer section. HTTP/2 counts as SETTINGS_MAX_HEADER_LIST_SIZE does. */
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
}

export interface ServerLimits extends HeadLimits {
  /** Bytes of a request body; Infinity: any. */
  readonly maxRequestBytes: number
  /** ms for a head to come whole, and for each piece of progress of a body of known length. */
  readonly headTimeout: number
  /** ms a connection may wait for its next request. */
  readonly idleTimeout: number
}

/** The parts of a request's head, as its codec has read them. Borrowed: the next head of the connection overwrites it. */
export interface IncomingHead {
  readonly method: string
  readonly target: string
  readonly scheme: 'http' | 'https'
  readonly authority: string
  readonly headers: Headers
  /** Bytes, or -1: not known beforehand. */
  readonly bodyLength: number
  readonly upgrade: string
  readonly expectContinue: boolean
  /** 10, 11 or 20. */
  readonly version: number
}

/** Where the answer to an accepted head goes. */
export interface IncomingExchange extends ResponseHandler {
  /** Set by whoever accepts the head, before anything else happens. */
  exchange: Exchange | undefined
}

/** A client's connection, as those above its codec see it. */
export interface IncomingConnection {
  readonly peerAddress: string
  readonly peerPort: number
  /** It is one of TLS. */
  readonly secure: boolean
  /** Somebody waits for something: an exchange, or bytes of an answer that are not out yet. */
  readonly busy: boolean
  /** drain() tells the client which requests are still taken, so that none is lost on its way (RFC 9113 §6.8). */
  readonly announces: boolean
  /** No further requests: ends once nothing is in flight. */
  drain(): void
  /** Ends at once. */
  destroy(): void
}

/** What a codec asks of those above it. */
export interface ServerOwner {
  readonly limits: ServerLimits
  readonly clock: Clock
  /** Where floods came from a moment ago, to be told of those that come. */
  readonly offenders: Offenders
  /** New requests are no longer welcome on connections that are open. */
  readonly draining: boolean
  /** A whole, well-formed head. */
  accept(head: IncomingHead, connection: IncomingConnection, response: IncomingExchange): RequestBody
  /** The answer to a request that never became an exchange; it is counted. */
  refusal(error: ProxyError): { readonly head: ResponseHead; readonly body: Buffer }
  /** A client broke the rules of HTTP/2; to be counted. */
  violation(how: Violation): void
  /** Something of ours threw. */
  defect(where: string, error: unknown): void
  closed(connection: IncomingConnection): void
}

/** RFC 9112 §9.6: how long a client may still send what nobody reads, so that it gets the answer, ms. */
export const LINGER_TIME = 5000
