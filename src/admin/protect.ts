/**
 * Who may change something: a program on this machine that meant to, not a web page and not the network. And who may read: whoever
 * reaches the listener, but no page of another origin through the browser of somebody who does.
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { type Answer, refusal } from './answer.ts'

/** A name that somebody else's DNS points at us is no address. */
const FOREIGN_HOST = { reason: 'foreign_host', message: 'Host must be an address or localhost' }

/** The refusal of a POST, or undefined. */
export function refuseChange(request: IncomingMessage): Answer | undefined {
  const why = whyReadOnly(request)
  if (why !== undefined) return refusal(403, why.reason, why.message)
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    return refusal(415, 'content_type', 'POST takes content-type: application/json')
  }
  return undefined
}

/** Why whoever sent this request may change nothing, or undefined. */
export function whyReadOnly(request: IncomingMessage): { reason: string; message: string } | undefined {
  if (!isLoopback(request.socket.remoteAddress ?? '')) {
    return { reason: 'not_loopback', message: 'changes are taken from this machine only' }
  }
  const { host = '', origin } = request.headers
  if (!isOurName(host)) return FOREIGN_HOST
  if (isForeign(origin, host)) {
    return { reason: 'foreign_origin', message: 'pages of other origins may not change anything' }
  }
  return undefined
}

/**
 * The refusal of a GET that tells more than probes and metrics do, or undefined. A page whose own name is made to lead to this machine
 * (DNS rebinding) is of our origin as far as its browser knows, and only the Host gives it away. From elsewhere every name is
 * taken: there the listener was opened on purpose, and is asked by the names of services and through API servers.
 */
export function refuseRead({ headers, socket }: IncomingMessage): Answer | undefined {
  const { host = '', origin } = headers
  if (isThisMachine(socket.remoteAddress ?? '', socket.localAddress ?? '') && !isOurName(host)) {
    return refusal(403, FOREIGN_HOST.reason, FOREIGN_HOST.message)
  }
  // A page that asks without being shown the answer sends no Origin, and would hold a stream all the same (Fetch Metadata).
  const site = headers['sec-fetch-site'] ?? 'none'
  const embeds = site !== 'none' && site !== 'same-origin' && headers['sec-fetch-dest'] !== 'document'
  if (!embeds && !isForeign(origin, host)) return undefined
  return refusal(403, 'foreign_origin', 'pages of other origins may not read this')
}

/** From the loopback interface, or from the address it came to. */
export function isThisMachine(remote: string, local: string): boolean {
  return isLoopback(remote) || (remote !== '' && remote === local)
}

function isForeign(origin: string | undefined, host: string): boolean {
  return origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`
}

export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

function isOurName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  if (name === 'localhost') return true
  return isIP(name) === 4 || (name.startsWith('[') && name.endsWith(']') && isIP(name.slice(1, -1)) === 6)
}
