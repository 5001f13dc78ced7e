/** What one breaker stands for, and what it is called. */
import type { Mode } from '../../core/events.ts'
import type { PolicyScope } from '../../core/policy.ts'

export interface Identity {
  /** Stable, unique, and fit for a URL as it is: `inventory`, `inventory~writes`, `inventory~.v1.items.:id`. */
  readonly id: string
  readonly service: string
  readonly scope: 'service' | 'route' | 'endpoint'
  readonly mode: Mode
  /** The route or endpoint, before it the policy's name where that holds for some routes only; or ''. */
  readonly key: string
}

/**
 * `part`: the route's template, the endpoint's address, or ''. Of the policies for every route only the most specific one
 * holds for a service; those for some routes may be several, so their name takes part.
 */
export function identify(scope: PolicyScope, kind: Identity['scope'], part: string): Identity {
  const statement = scope.policy.routes.length === 0 ? '' : scope.policy.name
  let id = scope.service
  if (statement !== '') id += `~${statement}`
  if (part !== '') id += `~${kind === 'route' ? slug(part) : part.replace('[', '').replace(']', '')}`
  // Another may be enforced beside it.
  if (scope.mode === 'shadow') id += '~shadow'
  const key = statement === '' || part === '' ? statement + part : `${statement} ${part}`
  return { id, service: scope.service, scope: kind, mode: scope.mode, key }
}

/**
 * A path pattern in characters that need no escape in a URL's path (RFC 3986 §3.3), one to one: `/` is `.`, `{name}` is
 * `:name`, a star stays, and what is left is `_` and two hex digits per byte.
 */
function slug(template: string): string {
  let text = ''
  for (const byte of Buffer.from(template)) {
    const char = String.fromCharCode(byte)
    if (isPlain(byte) || char === '*') text += char
    else if (char === '/') text += '.'
    else if (char === '{') text += ':'
    else if (char !== '}') text += `_${byte.toString(16).padStart(2, '0')}`
  }
  return text
}

/** A letter, a digit or a hyphen. */
function isPlain(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 45
}
