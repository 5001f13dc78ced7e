/** A redirected connection until it is known what it speaks. */
// cold file: once a connection
import type { Socket } from 'node:net'
import type { Timed, Timer } from '../core/clock.ts'
import { ProxyError, type Reason } from '../core/errors.ts'
import type { OpaqueWhy } from '../core/opaque.ts'
import type { IncomingConnection, ServerOwner } from '../http/server-side.ts'
import { ServerConnection } from '../http1/server.ts'
import { Http2ServerConnection } from '../http2/server.ts'
import { own, type Reader, type Reading } from '../net/shared-read.ts'
import type { Upstream } from '../opaque/upstream.ts'
import { serverName } from './client-hello.ts'
import { FirstWord, type FirstWordOwner } from './first-word.ts'
import { isServerPreface, mayBePreface, proxiedAuthority, sniff } from './sniff.ts'
import { Undecided } from './undecided.ts'

/** Bytes that are kept of a ClientHello or a request line that does not end. */
const MOST_KEPT = 32 * 1024
const NOTHING = Buffer.alloc(0)

/** What was found out of a connection that is not HTTP. */
export interface Opaque {
  readonly why: OpaqueWhy
  /** The name in its ClientHello, or ''. */
  readonly serverName: string
  /** What came of it. */
  readonly first: Buffer | undefined
  /** Its client has said all it will say. */
  readonly ended: boolean
  /** Where it goes unless its server name means another place, in whatever state; undefined: nobody has connected to it yet. */
  readonly upstream: Upstream | undefined
}

export interface RedirectedParts {
  readonly socket: Socket
  readonly reading: Reading
  readonly owner: ServerOwner
  /** Only HTTP passes: nobody gets round a policy by saying nothing, or something else. */
  readonly httpOnly: boolean
  /** Connects to where it goes as long as it says nothing; undefined: it may go nowhere. Not asked where only HTTP passes. */
  reach(): Upstream | undefined
  /** Told the connection that takes this one's place. */
  decided(connection: IncomingConnection): void
  /** The connection that passes it on as bytes; it takes over socket and reading. undefined: it was refused. */
  passOn(opaque: Opaque): IncomingConnection | undefined
  /** Whether a request for a forward proxy is none of our business; left out: all are HTTP like any other. */
  isStrange?(authority: string): boolean
}

export class Redirected extends Undecided implements Reader, Timed, FirstWordOwner {
  readonly #parts: RedirectedParts
  readonly #listeners: readonly (readonly ['end' | 'error' | 'close', () => void])[]
  /** undefined where only HTTP passes. */
  readonly #firstWord: FirstWord | undefined
  #kept: Buffer | undefined
  #over: boolean
  readonly #timer: Timer | undefined

  constructor(parts: RedirectedParts) {
    const { socket, reading, owner, httpOnly } = parts
    const { clock, limits } = owner
    super(socket, false)
    this.#parts = parts
    this.#kept = undefined
    this.#over = false
    this.#firstWord = httpOnly ? undefined : new FirstWord(clock, parts.reach, this)
    this.#timer = httpOnly ? clock.schedule(limits.headTimeout, this) : undefined
    this.#listeners = [
      ['end', () => this.#onEnd()],
      ['error', () => this.destroy()],
      ['close', () => this.#gone()],
    ]
    for (const [event, listener] of this.#listeners) socket.on(event, listener)
    reading.reader = this
  }

  receive(borrowed: Buffer): void {
    const kept = this.#kept
    const bytes = kept === undefined ? own(borrowed) : Buffer.concat([kept, borrowed])
    this.#kept = bytes
    try {
      this.#look(bytes, bytes.length >= MOST_KEPT, false)
      if (!this.#over) this.#firstWord?.clientSpoke()
    } catch (error) {
      this.#parts.owner.defect('detection', error)
      this.destroy()
    }
  }

  /** `late`: nothing more is waited for. */
  #look(bytes: Buffer, late: boolean, ended: boolean): void {
    const sniffed = sniff(bytes)
    const { httpOnly } = this.#parts
    if (sniffed === 'http2') this.#http(true, bytes)
    else if (sniffed === 'http1') this.#http1(bytes, ended)
    else if (sniffed === 'tls' && httpOnly) this.#refuse('protocol_error_downstream', 'TLS on a port that is HTTP only')
    // The parser of HTTP/1 says what is wrong, and waits for a head no longer than it may.
    else if (sniffed === 'opaque' && httpOnly) this.#http(false, bytes)
    else if (sniffed === 'tls') this.#tls(bytes, late, ended)
    else if (sniffed === 'opaque') this.#opaque('not_http', '', ended)
    else if (late && !httpOnly) this.#opaque('silence', '', ended)
    else if (late) this.#http(false, bytes)
  }

  /** What is asked of somebody else's forward proxy passes as it is: only the proxy knows its form. */
  #http1(bytes: Buffer, ended: boolean): void {
    const { httpOnly, isStrange } = this.#parts
    const authority = httpOnly || isStrange === undefined ? '' : proxiedAuthority(bytes)
    if (authority !== '' && isStrange?.(authority) === true) this.#opaque('not_http', '', ended)
    else this.#http(false, bytes)
  }

  #tls(bytes: Buffer, late: boolean, ended: boolean): void {
    const name = serverName(bytes)
    if (name !== undefined || late) this.#opaque('tls', name ?? '', ended)
  }

  expired(): void {
    this.#refuse('head_timeout', `no HTTP after ${this.#parts.owner.limits.headTimeout} ms`)
  }

  /** A server of HTTP/2 need not wait for its client. Held up between connecting and its preface, that one has its policies all the same. */
  serverSpoke(borrowed: Buffer): void {
    const said = this.#kept ?? NOTHING
    if (isServerPreface(borrowed) && mayBePreface(said)) this.#http(true, said)
    else this.#opaque('server_first', '', false)
  }

  tooLate(): void {
    if (this.#kept === undefined) this.#opaque('silence', '', false)
    else this.#look(this.#kept, true, false)
  }

  /** Who connects and leaves, such as a probe of the port, wanted nothing. Who has waited or said something may want an answer. */
  #onEnd(): void {
    if (this.#parts.httpOnly) this.destroy()
    else if (this.#kept !== undefined) this.#look(this.#kept, true, true)
    else if (this.#firstWord?.hasUpstream === true) this.#opaque('silence', '', true)
    else this.destroy()
  }

  #gone(): void {
    if (this.#over) return
    this.#leave()?.discard()
    this.#parts.owner.closed(this)
  }

  /** The upstream there is, for whoever comes next. */
  #leave(): Upstream | undefined {
    const { socket, owner } = this.#parts
    this.#over = true
    owner.clock.cancel(this.#timer)
    for (const [event, listener] of this.#listeners) socket.removeListener(event, listener)
    return this.#firstWord?.leave()
  }

  #http(isHttp2: boolean, bytes: Buffer): void {
    const { socket, reading, owner, decided } = this.#parts
    this.#leave()?.discard()
    const connection = isHttp2 ? new Http2ServerConnection(socket, owner) : new ServerConnection(socket, owner)
    reading.reader = connection
    decided(connection)
    connection.receive(bytes)
  }

  #opaque(why: OpaqueWhy, name: string, ended: boolean): void {
    const { owner, decided, passOn } = this.#parts
    const first = this.#kept
    const upstream = this.#leave()
    const taken = passOn({ why, serverName: name, first, ended, upstream })
    if (taken === undefined) owner.closed(this)
    else decided(taken)
  }

  #refuse(reason: Reason, cause: string): void {
    const who = `${this.peerAddress}:${this.peerPort}`
    this.#parts.owner.refusal(new ProxyError(reason, 'downstream', 'no', `${who}: ${cause}`))
    this.destroy()
  }
}
