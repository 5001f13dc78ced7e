/** Where the API server is and who we are to it. */
import type { Clock } from '../../core/clock.ts'
import { readRegular } from '../../core/regular-file.ts'

/** What a pod finds mounted. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface Connection {
  /** `https://HOST:PORT`, without a slash at the end. */
  readonly url: string
  /** PEM, as the file is now: a cluster changes its CA by adding the new one. undefined: the system's roots. */
  ca(): string | undefined
  /** For `Authorization: Bearer`; '' sends none. `fresh`: the last one was refused. */
  token(fresh: boolean): string
}

export interface ConnectionPlaces {
  readonly url?: string | undefined
  readonly tokenFile?: string | undefined
  readonly caFile?: string | undefined
}

/**
 * Of a pod, with any part named otherwise. Throws an Error with a sentence outside a cluster, or where a file cannot be read.
 */
export function openConnection(
  places: ConnectionPlaces,
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Connection {
  const url = (places.url ?? inCluster(environment)).replace(/\/+$/, '')
  const ca = url.startsWith('https:') ? new CaFile(places.caFile ?? `${SERVICE_ACCOUNT}/ca.crt`) : undefined
  const tokens = new TokenFile(places.tokenFile ?? `${SERVICE_ACCOUNT}/token`, clock)
  return {
    url,
    ca: () => ca?.read(),
    token: (fresh) => tokens.read(fresh),
  }
}

function inCluster(environment: Readonly<Record<string, string | undefined>>): string {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = environment['KUBERNETES_SERVICE_PORT'] || '443'
  if (host === '') {
    throw new Error('not in a cluster: KUBERNETES_SERVICE_HOST is not set; name the API server with --kube-api URL')
  }
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** ms that a token is taken as read; the kubelet renews a projected one long before it ends. */
const TOKEN_AGE = 60_000

/** Projected tokens are renewed in place, so the file is read again and again (KEP-1205). */
class TokenFile {
  readonly #path: string
  readonly #clock: Clock
  #token = ''
  #readAt = Number.NEGATIVE_INFINITY

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
    this.read(true)
  }

  read(fresh: boolean): string {
    const now = this.#clock.now()
    if (fresh || now - this.#readAt > TOKEN_AGE) {
      try {
        this.#token = readText(this.#path).trim()
      } catch (error) {
        // In the middle of a swap the file may be away; the last token holds for an hour.
        if (this.#token === '') throw error
      }
      this.#readAt = now
    }
    return this.#token
  }
}

/** Read for every connection, which is seldom. */
class CaFile {
  readonly #path: string
  #pem: string

  constructor(path: string) {
    this.#path = path
    this.#pem = readText(path)
  }

  read(): string {
    try {
      this.#pem = readText(this.#path)
    } catch {
      // In the middle of a swap the file may be away.
    }
    return this.#pem
  }
}

function readText(path: string): string {
  try {
    return readRegular(path).toString('utf8')
  } catch (cause) {
    throw new Error(`'${path}' must be readable to reach the API server: ${(cause as NodeJS.ErrnoException).code}`)
  }
}
