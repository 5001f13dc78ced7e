/** Makes TLS connections to one endpoint, and remembers its last session, so that the next handshake is a short one. */
// cold file: once a connection
import { isIP } from 'node:net'
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls'
import { EmptyRecords } from '../net/empty-records.ts'
import { wireOf } from '../net/encrypted.ts'
import { tls } from '../net/lazy-tls.ts'
import type { TlsMaterial } from '../net/tls-material.ts'
import { Handshake, type HandshakeOwner } from './handshake.ts'
import type { UpstreamContext } from './context.ts'

/** How the endpoints of a service are reached over TLS. */
export interface TlsSettings {
  readonly material: TlsMaterial
  /** What the certificate has to name; '': the endpoint's host. */
  readonly serverName: string
}

/** What every connection to an endpoint is held to, whoever makes it. `offers`: by ALPN. */
export function connectionOptions(
  host: string,
  port: number,
  { material, serverName }: TlsSettings,
  offers: readonly string[],
): ConnectionOptions {
  const { checkServerIdentity } = tls()
  const name = serverName === '' ? host : serverName
  return {
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    allowHalfOpen: true,
    secureContext: material.contents.context,
    // Stated, for without it a variable of the environment decides.
    rejectUnauthorized: true,
    ALPNProtocols: offers as string[],
    // RFC 6066 §3: an address is no server name.
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_servername, certificate) => checkServerIdentity(name, certificate),
  } as ConnectionOptions
}

const RESTLESS = 'the upstream went on with handshakes or key updates, and nothing in between'

export class TlsDialer {
  readonly #host: string
  readonly #port: number
  readonly #settings: TlsSettings
  readonly #context: UpstreamContext
  /** A session holds what was checked when it began, so it goes with the certificates that it began under. */
  #session: Buffer | undefined
  #sessionOf: SecureContext | undefined
  /** When the certificate that it began with expires, ms since 1970: nobody looks at one where a session is resumed, and each brings the next. */
  #sessionUntil: number
  readonly #emptyRecords: EmptyRecords

  constructor(host: string, port: number, settings: TlsSettings, context: UpstreamContext) {
    this.#host = host
    this.#port = port
    this.#settings = settings
    this.#context = context
    this.#session = undefined
    this.#sessionOf = undefined
    this.#sessionUntil = 0
    this.#emptyRecords = new EmptyRecords(context.clock)
  }

  /** `limit`: ms. */
  dial(offers: readonly string[], limit: number, owner: HandshakeOwner): Handshake {
    const { context } = this.#settings.material.contents
    const inTime = this.#context.clock.wallTime() < this.#sessionUntil
    const session = inTime && this.#sessionOf === context ? this.#session : undefined
    const options = connectionOptions(this.#host, this.#port, this.#settings, offers)
    options.session = session
    const socket = tls().connect(options)
    this.#keepSession(socket, context)
    socket.once('secureConnect', () => this.#watch(socket))
    return new Handshake(socket, offers, limit, owner, this.#context)
  }

  #watch(socket: TLSSocket): void {
    const wire = wireOf(socket)
    if (wire !== undefined) this.#emptyRecords.watch(wire, socket, () => socket.destroy(new Error(RESTLESS)))
  }

  #keepSession(socket: TLSSocket, context: SecureContext): void {
    socket.on('session', (session: Buffer) => {
      this.#session = session
      this.#sessionOf = context
      this.#sessionUntil = Date.parse(socket.getPeerX509Certificate()?.validTo ?? '')
    })
    // It may be the session that the upstream could not take. This also hears what a socket says that was given up.
    socket.on('error', () => {
      this.#session = undefined
    })
  }
}
