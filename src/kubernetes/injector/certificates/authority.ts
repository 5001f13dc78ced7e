/**
 * Our CA, in a Secret that every replica reads and none but the first writes. A new one is made at two thirds of its life; the
 * old one stays beside it, and in every bundle, until nothing that it signed is valid any more.
 */
import { isStatus } from '../../api/api-error.ts'
import type { KubernetesApi } from '../../api/client.ts'
import type { KubernetesObject } from '../../api/object.ts'
import { type Issued, renewalOf, validityOf } from './issued.ts'

export interface Authority {
  readonly current: Issued
  /** The certificate of the one before; '': none. */
  readonly old: string
}

export interface AuthorityOptions {
  readonly api: KubernetesApi
  readonly namespace: string
  readonly secret: string
  /** ms. */
  readonly lifetime: number
  /** ms that certificates are valid for which it signs. */
  readonly servingLifetime: number
  /** ms since 1970. */
  wallTime(): number
}

interface Secret extends KubernetesObject {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

const NAME = 'outrigger-injector'

/** PEM of all that is to be believed: the new one first. */
export function bundleOf({ current, old }: Authority): string {
  return current.cert + old
}

/** Reads the Secret, and makes it, or a new CA in it, where it is time. Another replica may be faster: then its one holds. */
export async function readAuthority(options: AuthorityOptions): Promise<Authority> {
  for (let tries = 0; ; tries++) {
    try {
      return await readOnce(options)
    } catch (error) {
      // 409: written by another between our look and our write. Seldom twice, but for a deployment of many.
      if (!isStatus(error, 409) || tries >= 5) throw error
    }
  }
}

async function readOnce(options: AuthorityOptions): Promise<Authority> {
  const { api, namespace, secret } = options
  const path = `/api/v1/namespaces/${namespace}/secrets`
  let stored: Secret
  try {
    stored = await api.get<Secret>(`${path}/${secret}`)
  } catch (error) {
    if (!isStatus(error, 404)) throw error
    const made = { current: await make(options), old: '' }
    await api.create(path, objectOf(options, made))
    return made
  }
  const known = authorityIn(stored)
  const wanted = await next(known, options)
  if (wanted === known) return known
  await api.update(`${path}/${secret}`, { ...objectOf(options, wanted), metadata: stored.metadata })
  return wanted
}

/** The very one where nothing is to be done. */
async function next(known: Authority | undefined, options: AuthorityOptions): Promise<Authority> {
  const now = options.wallTime()
  if (known === undefined) return { current: await make(options), old: '' }
  const validity = validityOf(known.current.cert)
  // Who was given a certificate by the old one has asked for another since.
  const { servingLifetime } = options
  const outlived = now > validity.notBefore + servingLifetime + Math.min(GRACE, servingLifetime)
  const old = outlived ? '' : known.old
  // Two are kept, not three: while the one before is still in use, another only where this one has ended.
  const due = now >= (old === '' ? renewalOf(validity) : validity.notAfter)
  if (due) return { current: await make(options), old: known.current.cert }
  return old === known.old ? known : { current: known.current, old }
}

/** ms beyond the last certificate of an old CA: `notBefore` lies a little back. */
const GRACE = 10 * 60_000

async function make({ wallTime, lifetime }: AuthorityOptions): Promise<Issued> {
  // Half a megabyte of ASN.1 that only the replica needs which makes something.
  const { issueAuthority } = await import('./issue.ts')
  return issueAuthority(`${NAME}-ca`, wallTime(), lifetime)
}

/** undefined where the Secret holds something that is no CA: it is ours, so it is written anew. */
function authorityIn({ data = {} }: Secret): Authority | undefined {
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString()
  const current = { cert: text('ca.crt'), key: text('ca.key') }
  try {
    validityOf(current.cert)
  } catch {
    return undefined
  }
  return current.key === '' ? undefined : { current, old: text('ca-old.crt') }
}

function objectOf({ namespace, secret }: AuthorityOptions, { current, old }: Authority): Secret {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secret, namespace, labels: { 'app.kubernetes.io/name': NAME } },
    type: 'Opaque',
    data: {
      'ca.crt': base64(current.cert),
      'ca.key': base64(current.key),
      ...(old === '' ? {} : { 'ca-old.crt': base64(old) }),
    },
  }
}
