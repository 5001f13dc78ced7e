/** Takes accepted sockets through the handshake of TLS, with the certificates that are in force when each begins. */
// cold file: once a connection
import type { Socket } from 'node:net'
import type { SecureContextOptions, Server, TLSSocket, TlsOptions } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import { EmptyRecords } from './empty-records.ts'
import { beneath } from './encrypted.ts'
import { CIPHERS, H2, HTTP1, TERMS, tls } from './lazy-tls.ts'
import { alertOf, reasonOf } from './tls-error.ts'
import type { TlsMaterial } from './tls-material.ts'

/** Told how one handshake ended, at most once; and refused, too, of a client that does not let it end. */
export interface Accepting {
  secured(socket: TLSSocket): void
  refused(cause: string): void
}

export interface ListenerSecurity {
  readonly material: TlsMaterial
  /** none: clients are not asked for certificates. */
  readonly clientAuth: 'none' | 'permit' | 'require'
}

/** Handshakes are bounded by our own clock; Node's bound, which cannot be left out, must never be the shorter one. */
const NODES_BOUND = 2 ** 30

/**
 * ms for which tickets are honoured at most (RFC 5077 §5.5). Who resumes a session is not asked for a certificate again, and is given new
 * tickets: under keys that stayed, a client whose certificate has expired would come in for as long as it kept coming.
 */
const TICKETS_FOR = 300_000
/** Bytes, as Node takes them: a name, and two keys. */
const TICKET_KEYS = 48

export class TlsAcceptor {
  readonly #server: Server
  readonly #clientAuth: ListenerSecurity['clientAuth']
  /** By the socket that was accepted: Node gives the one it makes of it only when all is over. */
  readonly #waiting: WeakMap<Socket, Accepting>
  readonly #emptyRecords: EmptyRecords
  readonly #clock: Clock
  /** When the keys of tickets are due to be exchanged. */
  #ticketsUntil: number

  constructor({ material, clientAuth }: ListenerSecurity, clock: Clock) {
    this.#clientAuth = clientAuth
    this.#waiting = new WeakMap()
    this.#emptyRecords = new EmptyRecords(clock)
    this.#clock = clock
    this.#ticketsUntil = clock.now() + TICKETS_FOR
    const options: TlsOptions = {
      ...shown(material),
      ALPNProtocols: [H2, HTTP1],
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'require',
      handshakeTimeout: NODES_BOUND,
    }
    this.#server = tls().createServer(options)
    this.#server.on('secureConnection', (socket) => this.#secured(socket))
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket))
    material.follow(() => this.#server.setSecureContext(shown(material)))
  }

  accept(accepted: Socket, accepting: Accepting): void {
    this.#waiting.set(accepted, accepting)
    this.#forgetTickets()
    // Who ends in the middle of a handshake has left; half-open is for what comes behind it.
    accepted.allowHalfOpen = false
    this.#server.emit('connection', accepted)
  }

  #forgetTickets(): void {
    const now = this.#clock.now()
    if (now < this.#ticketsUntil) return
    this.#ticketsUntil = now + TICKETS_FOR
    // Loaded with TLS at the latest.
    this.#server.setTicketKeys(process.getBuiltinModule('node:crypto').randomBytes(TICKET_KEYS))
  }

  #of(socket: TLSSocket): Accepting | undefined {
    const accepted = beneath(socket)
    return accepted === undefined ? undefined : this.#waiting.get(accepted)
  }

  #secured(socket: TLSSocket): void {
    const accepting = this.#of(socket)
    const problem = this.#clientAuth === 'permit' ? ofClient(socket) : ''
    if (accepting === undefined || problem !== '') {
      socket.on('error', () => {})
      socket.destroy()
      accepting?.refused(problem)
    } else {
      socket.allowHalfOpen = true
      accepting.secured(socket)
      this.#watch(socket, accepting)
    }
  }

  #watch(socket: TLSSocket, accepting: Accepting): void {
    this.#emptyRecords.watch(beneath(socket) as Socket, socket, () => {
      accepting.refused('the client went on with handshakes or key updates, and nothing in between')
      socket.destroy()
    })
  }

  #failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const accepting = this.#of(socket)
    const certificate = certificateProblem(socket)
    socket.destroy()
    if (certificate !== '') accepting?.refused(certificate)
    // Somebody who connects and leaves, such as a probe of the port, has not failed at anything.
    else if (error.code !== 'ECONNRESET') accepting?.refused(handshakeCause(error))
  }
}

function shown({ contents: { cert, key, ca } }: TlsMaterial): SecureContextOptions {
  return { ...TERMS, ciphers: CIPHERS, cert, key, ca: ca as Buffer | undefined }
}

/** Where a client may have no certificate, one that it shows has to be good. */
function ofClient(socket: TLSSocket): string {
  return socket.getPeerX509Certificate() === undefined ? '' : certificateProblem(socket)
}

function certificateProblem({ authorized, authorizationError }: TLSSocket): string {
  if (authorized || authorizationError == null) return ''
  return `the client's certificate was not accepted: ${authorizationError}`
}

/** By the codes that Node has for OpenSSL's errors; of an alert, by what it says. */
const CAUSES: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: 'the client spoke plain HTTP to a TLS port',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what the client sent is no TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the client speaks neither TLS 1.2 nor 1.3',
  ERR_SSL_NO_SHARED_CIPHER: 'the client knows none of our ciphers',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the client speaks neither h2 nor http/1.1 (ALPN)',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client has no certificate, and one is required',
  UNKNOWN_CA: 'the client does not trust the CA of our certificate',
  CERTIFICATE_UNKNOWN: 'the client does not accept our certificate',
  BAD_CERTIFICATE: 'the client does not accept our certificate',
  CERTIFICATE_EXPIRED: 'the client finds our certificate expired',
}

function handshakeCause(error: NodeJS.ErrnoException): string {
  const reason = reasonOf(error)
  const known = CAUSES[alertOf(error) || (error.code ?? '')]
  return known === undefined ? reason : `${known} (${reason})`
}
