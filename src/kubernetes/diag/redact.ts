/** Objects without what must not leave the cluster: values of variables, of Secrets, of annotations that repeat them. */

import { STATUS } from '../inject/names.ts'

const GONE = '(removed)'

/** Of our own containers, and Kubernetes' names for where a pod is: needed to see what went wrong, and no secret. */
const HARMLESS = /^(APP_PORTS|TERMINATION_GRACE_SECONDS|CONTAINER_NAME|OUTRIGGER_[A-Z_]+|NODE_OPTIONS)$/
/** Annotations that hold a whole object as it was applied, its variables included. */
const COPIES = ['kubectl.kubernetes.io/last-applied-configuration']

const SECRET = 'passw(?:or)?d|passphrase|secret|token|(?:api|secret|access|private)[-_]?key|credential'
/**
 * In a text, what a line says behind `--token`, `password:`, `"authorization":` and the like, up to its end; the password in a
 * URL; a private key; the credentials of an Authorization field. "secret x not found" is no secret, and often the very thing that is looked for.
 */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`(--[a-z_-]*(?:${SECRET})[a-z_-]* ).+`, 'gi'), `$1${GONE}`],
  [new RegExp(`((?:${SECRET}|authorization|cookie)[a-z_-]*["']?[ \\t]*[:=]).+`, 'gi'), `$1${GONE}`],
  [/(:\/\/[^\s/:@]{0,200}:)[^\s/]+(?=@)/g, `$1${GONE}`],
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]+/g, `$1${GONE}`],
  [/\b((?:Bearer|Basic) )[\w.~+/=-]{8,}/gi, `$1${GONE}`],
]
/** An argument whose secret is the next one. */
const ANNOUNCES = new RegExp(`^--?[a-z_-]*(?:${SECRET})[a-z_-]*$`, 'i')
/** A field whose text is a secret: `x-api-key`, `clientSecret`, the annotation `shop.test/password`. */
const FIELD = new RegExp(`(?:${SECRET}|authorization|cookie)s?$`, 'i')

/** A copy; whatever its shape. */
export function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item, at) => (isAnnounced(item, value[at - 1]) ? GONE : redacted(item)))
  if (typeof value === 'string')
    return IN_TEXT.reduce((text, [secret, instead]) => text.replace(secret, instead), value)
  if (value === null || typeof value !== 'object') return value
  const object = value as Record<string, unknown>
  const isSecret = object['kind'] === 'Secret'
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, field(object, key, inner, isSecret)]))
}

/** A text that is JSON, as its value; any other as a text. */
export function redactedText(text: string): string {
  try {
    return JSON.stringify(redacted(JSON.parse(text)))
  } catch {
    return redacted(text) as string
  }
}

function isAnnounced(item: unknown, before: unknown): boolean {
  return typeof item === 'string' && typeof before === 'string' && ANNOUNCES.test(before)
}

function field(object: Record<string, unknown>, key: string, inner: unknown, isSecret: boolean): unknown {
  if (isSecret && (key === 'data' || key === 'stringData')) return names(inner)
  if (COPIES.includes(key)) return GONE
  if (key === 'managedFields') return []
  // Probes as they were, headers included, as JSON in a text.
  if (key === STATUS && typeof inner === 'string') return inside(inner, redacted)
  if (key === 'value' && object['name'] === 'APP_PROBES') return inside(String(inner), withoutHeaders)
  // An entry of `env`, or a header of a probe.
  if (key === 'value' && typeof object['name'] === 'string' && !HARMLESS.test(object['name'])) return GONE
  if (typeof inner === 'string' && FIELD.test(key)) return GONE
  return redacted(inner)
}

function inside(text: string, change: (value: unknown) => unknown): string {
  try {
    return JSON.stringify(change(JSON.parse(text)))
  } catch {
    return GONE
  }
}

/** `APP_PROBES` has headers as pairs. */
function withoutHeaders(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((pair) => (Array.isArray(pair) ? [pair[0], GONE] : pair))
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutHeaders(inner)]))
}

function names(data: unknown): unknown {
  return Object.fromEntries(Object.keys((data ?? {}) as object).map((key) => [key, GONE]))
}
