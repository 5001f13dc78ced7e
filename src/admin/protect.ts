/** Who may change something: a program on this machine that meant to, not a web page and not the network. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { type Answer, refusal } from './answer.ts'

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
  const host = request.headers.host ?? ''
  // A name that somebody else's DNS points at us (rebinding) is no address.
  if (!isOurName(host)) return { reason: 'foreign_host', message: 'Host must be an address or localhost' }
  const origin = request.headers.origin
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return { reason: 'foreign_origin', message: 'pages of other origins may not change anything' }
  }
  return undefined
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
