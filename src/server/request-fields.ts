/** One pass over a request's fields: what may go on, what is read for us, what is added. */
import type { Headers } from '../core/headers.ts'
import { isGrpcType } from '../core/grpc.ts'
import { readGrpcTimeout } from '../core/grpc-timeout.ts'
import { isOwnField, nameIs } from '../core/headers.ts'
import { toldDeadline } from '../core/told-deadline.ts'
import type { Peer, Trust } from './trust.ts'

/** What a pass found. One object, used anew for each request and read at once. */
export interface FieldsRead {
  headers: Headers
  requestId: string
  /** What it says is left for it, ms; -1: nothing. See told-deadline.ts. */
  timeout: number
  /** Of `grpc-timeout`, ms; -1: none. It means something on a gRPC call only. */
  grpcTimeout: number
  /** The content type is gRPC's. */
  grpc: boolean
  source: string
  /** The request came through this very instance before. */
  looped: boolean
}

const found: FieldsRead = {
  headers: [],
  requestId: '',
  timeout: -1,
  grpcTimeout: -1,
  grpc: false,
  source: '',
  looped: false,
}

const PASS = 0
const REQUEST_ID = 1
const OWN = 2
const FORWARDED = 3
const VIA = 4
const CONTENT_TYPE = 5
const GRPC_TIMEOUT = 6

function kindOf(name: string): number {
  const first = name.charCodeAt(0) | 32
  if (first === 120) {
    if (name.length === 12 && nameIs(name, 'x-request-id')) return REQUEST_ID
    if (isOwnField(name)) return OWN
    return name.length > 12 && name.slice(0, 12).toLowerCase() === 'x-forwarded-' ? FORWARDED : PASS
  }
  if (first === 118) return nameIs(name, 'via') ? VIA : PASS
  if (first === 102) return nameIs(name, 'forwarded') ? FORWARDED : PASS
  if (first === 112) return isOwnField(name) ? OWN : PASS
  if (name.length !== 12) return PASS
  if (first === 99) return nameIs(name, 'content-type') ? CONTENT_TYPE : PASS
  if (first === 103) return nameIs(name, 'grpc-timeout') ? GRPC_TIMEOUT : PASS
  return PASS
}

/**
 * `peer` says whether fields that claim something are believed: on the outbound listener our own application asks, and
 * what it says of itself goes on as it is (`ownApplication`). `via` is this instance's name.
 */
export function readRequestFields(
  headers: Headers,
  trust: Trust,
  peer: Peer,
  ownApplication: boolean,
  via: string,
): FieldsRead {
  found.requestId = ''
  found.timeout = -1
  found.grpcTimeout = -1
  found.grpc = false
  found.source = peer.source
  found.looped = false
  let timeout = ''
  let deadline = ''
  const believed = peer.trusted || ownApplication
  const sourceHeader = trust.sourceHeader
  let kept: string[] | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const kind = kindOf(name)
    let keep = true
    if (kind === REQUEST_ID) found.requestId = headers[i + 1] as string
    else if (kind === VIA) found.looped ||= (headers[i + 1] as string).includes(via)
    else if (kind === OWN) {
      keep = false
      if (nameIs(name, 'x-outrigger-timeout-ms')) timeout = headers[i + 1] as string
      else if (nameIs(name, 'x-outrigger-deadline-ms')) deadline = headers[i + 1] as string
    } else if (kind === FORWARDED) keep = believed
    else if (kind === CONTENT_TYPE) found.grpc = isGrpcType(headers[i + 1] as string)
    else if (kind === GRPC_TIMEOUT) found.grpcTimeout = readGrpcTimeout(headers[i + 1] as string)
    if (sourceHeader !== '' && nameIs(name, sourceHeader)) {
      if (peer.trusted) found.source = trust.named(headers[i + 1] as string)
      else if (!ownApplication) keep = false
    }
    if (!keep && kept === undefined) kept = headers.slice(0, i)
    else if (keep && kept !== undefined) kept.push(name, headers[i + 1] as string)
  }
  if (believed && timeout !== '') found.timeout = toldDeadline(timeout, deadline)
  found.headers = kept ?? headers
  return found
}

/** Inbound: where the request came from, behind what a trusted peer said before us. */
export function withForwarded(headers: Headers, peerAddress: string, scheme: string, authority: string): Headers {
  const peer = peerAddress.startsWith('::ffff:') ? peerAddress.slice(7) : peerAddress
  let chain = ''
  let proto = true
  let host = true
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (nameIs(name, 'x-forwarded-for')) {
      // Several fields are one list, in their order (RFC 9110 §5.3).
      chain += `${headers[i + 1]}, `
      continue
    }
    if (nameIs(name, 'x-forwarded-proto')) proto = false
    else if (nameIs(name, 'x-forwarded-host')) host = false
    kept.push(name, headers[i + 1] as string)
  }
  kept.push('x-forwarded-for', chain + peer)
  if (proto) kept.push('x-forwarded-proto', scheme)
  if (host && authority !== '') kept.push('x-forwarded-host', authority)
  return kept
}
