/**
 * One connection to Redis, made when the policy is loaded and again whenever it is lost. The package is loaded here and only
 * here, at that moment: a sidecar without this store pays nothing for it.
 */
import { isIP } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import type { Random } from '../../../core/random.ts'
import { tidyCertificates } from '../../../core/pem.ts'
import { readRegular } from '../../../core/regular-file.ts'
import type { Script } from './scripts.ts'

/** The block `redis` after loading. */
export interface RedisConfig {
  readonly url: string
  readonly tls?: RedisTls | undefined
  readonly passwordFile?: string | undefined
  /** ms */
  readonly timeout: number
}

export interface RedisTls {
  readonly ca?: string | undefined
  readonly serverName?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** Once, with what Redis said, or with what went wrong; `sent`: it may have been carried out all the same, for Redis said nothing. */
export type Done = (value: unknown, error: string, sent: boolean) => void

/** What is used of the package's client. */
interface Client {
  readonly isReady: boolean
  on(event: string, listener: (error?: unknown) => void): unknown
  connect(): PromiseLike<unknown>
  sendCommand(args: readonly (string | Buffer)[], options?: object): PromiseLike<unknown>
  destroy(): void
}

interface Call {
  readonly script: Script
  readonly key: string
  readonly args: readonly (string | Buffer)[]
  readonly done: Done
}

/** ms */
const CONNECT_TIMEOUT = 2000
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 2000
/** A peer that is gone without a word is noticed after three of these. */
const PING = 5000
/** Commands that wait for an answer, or for the first connection. Past that Redis hangs, and more would only fill memory. */
const MOST_QUEUED = 10_000

export class RedisConnection {
  readonly #config: RedisConfig
  readonly #random: Random
  readonly #onReady: () => void
  #client: Client | undefined
  readonly #context: FreshContext | undefined
  #replies: object = {}
  /** What the package makes of an error that Redis itself says. */
  #refusal: (new (...args: never[]) => Error) | undefined
  /** Asked while the very first connection is being made: Redis may be well, only not reached yet. */
  #early: Call[] = []
  #failed = false
  #closed = false
  /** Why the connection does not stand; ''. */
  error = ''

  /** `onReady` is called at each connection made. */
  constructor(config: RedisConfig, random: Random, onReady: () => void) {
    this.#config = config
    this.#random = random
    this.#onReady = onReady
    const { url, tls } = config
    this.#context = tls !== undefined || url.startsWith('rediss:') ? new FreshContext(tls ?? {}) : undefined
    void this.#open()
  }

  get up(): boolean {
    return this.#client?.isReady === true
  }

  call(script: Script, key: string, args: readonly (string | Buffer)[], done: Done): void {
    const client = this.#client
    if (client?.isReady === true) {
      this.#run(client, { script, key, args, done })
    } else if (this.#failed || this.#closed || this.#early.length >= MOST_QUEUED) {
      // Later, as every answer: whoever asks need not reckon with one while it is asking.
      queueMicrotask(() => done(undefined, this.error || 'the connection to Redis does not stand', false))
    } else {
      this.#early.push({ script, key, args, done })
    }
  }

  close(): void {
    this.#closed = true
    this.#fail('closed')
    this.#client?.destroy()
    this.#client = undefined
  }

  async #open(): Promise<void> {
    try {
      const { createClient, ErrorReply, RESP_TYPES } = await import('@redis/client')
      if (this.#closed) return
      this.#refusal = ErrorReply
      this.#replies = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }
      const client = createClient(this.#options() as Parameters<typeof createClient>[0]) as unknown as Client
      this.#client = client
      client.on('ready', () => this.#ready())
      client.on('error', (error) => this.#fail(this.#context?.problem || messageOf(error)))
      await client.connect()
    } catch (error) {
      // The client goes on trying by itself; what comes here is what trying cannot mend.
      if (!this.#closed) this.#fail(messageOf(error))
    }
  }

  #options(): object {
    const { url, passwordFile, tls } = this.#config
    const { hostname, port, username, pathname } = new URL(url)
    const user = username === '' ? undefined : decodeURIComponent(username)
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const credentials = () => ({
      username: user,
      password: passwordFile === undefined ? undefined : secret(passwordFile),
    })
    return {
      database: Number(pathname.slice(1) || 0),
      // Nothing newer is needed, and every server and every cloud's likeness of one speaks it.
      RESP: 2,
      maintNotifications: 'disabled',
      disableClientInfo: true,
      disableOfflineQueue: true,
      commandsQueueMaxLength: MOST_QUEUED,
      pingInterval: PING,
      ...(user === undefined && passwordFile === undefined
        ? {}
        : { credentialsProvider: { type: 'async-credentials-provider', credentials: async () => credentials() } }),
      socket: {
        host,
        port: Number(port || 6379),
        connectTimeout: CONNECT_TIMEOUT,
        socketTimeout: 3 * PING,
        reconnectStrategy: (retries: number) => this.#pause(retries),
        ...(this.#context === undefined ? {} : tlsOptions(host, tls?.serverName, this.#context)),
      },
    }
  }

  /** Doubling, half of it by chance: replicas that lost Redis together do not come back together. */
  #pause(retries: number): number {
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(retries, 10))
    return Math.round(longest / 2 + (this.#random.fraction() * longest) / 2)
  }

  #ready(): void {
    this.error = ''
    const early = this.#early
    this.#early = []
    const client = this.#client
    if (client !== undefined) for (const call of early) this.#run(client, call)
    this.#onReady()
  }

  #fail(error: string): void {
    this.error = error
    this.#failed = true
    const early = this.#early
    this.#early = []
    for (const { done } of early) done(undefined, error, false)
  }

  #run(client: Client, { script, key, args, done }: Call): void {
    if (script.sha === '') {
      script.sha = process.getBuiltinModule('node:crypto').createHash('sha1').update(script.text).digest('hex')
    }
    const send = (command: string, what: string): void => {
      client.sendCommand([command, what, '1', key, ...args], this.#replies).then(
        (value) => done(value, '', true),
        (error: unknown) => {
          const message = messageOf(error)
          // A server that was restarted has forgotten its scripts.
          if (command === 'EVALSHA' && message.startsWith('NOSCRIPT')) send('EVAL', script.text)
          else done(undefined, message, this.#refusal === undefined || !(error instanceof this.#refusal))
        },
      )
    }
    send('EVALSHA', script.sha)
  }
}

/** As an editor or `echo` leaves it: without the line's end. */
function secret(path: string): string {
  return readRegular(path)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

/** RFC 6066 §3: an address is no server name, and Node throws where it is given as one. The certificate names it all the same. */
function tlsOptions(host: string, serverName: string | undefined, secureContext: FreshContext): object {
  const name = serverName ?? host
  return {
    tls: true,
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_servername: string, certificate: PeerCertificate) =>
      process.getBuiltinModule('node:tls').checkServerIdentity(name, certificate),
    secureContext,
  }
}

/**
 * Stands where a SecureContext is expected, and is another one for each connection: the package keeps what it was given once, and
 * certificates are renewed long before a process ends. With a file that cannot be read nobody is believed, so that the connection is
 * not made and tried again. A throw would do that, too, but Node has made the socket's handle already and would never close it.
 */
class FreshContext {
  readonly #tls: RedisTls
  /** Why the files could not be used the last time; '' */
  problem = ''

  constructor(tls: RedisTls) {
    this.#tls = tls
  }

  get context(): unknown {
    const { ca, cert, key } = this.#tls
    const { createSecureContext } = process.getBuiltinModule('node:tls')
    try {
      const { context } = createSecureContext({
        ...(ca === undefined ? {} : { ca: tidyCertificates(readRegular(ca)) }),
        ...(cert === undefined ? {} : { cert: tidyCertificates(readRegular(cert)) }),
        ...(key === undefined ? {} : { key: readRegular(key) }),
      })
      this.problem = ''
      return context
    } catch (error) {
      this.problem = messageOf(error)
      return createSecureContext({ ca: [] }).context
    }
  }
}

/** An address that refused has a code, and several of them an empty message. */
function messageOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string }
  return message || code || String(error)
}
