/** What spans say, in the words of OpenTelemetry's conventions for HTTP and RPC. */
// cold file: runs for exchanges that are recorded only, after they ended
import type { RequestHead } from '../../core/exchange.ts'
import { NO_STATUS } from '../../core/grpc-status.ts'
import { get } from '../../core/headers.ts'
import type { AttemptRecord } from '../attempt-layer.ts'
import { flat } from '../flat.ts'
import { METHODS, methodIndex, protocolName } from '../labels.ts'
import { OTHER_RPC } from '../rpc-methods.ts'
import { statusName } from '../rpc-status.ts'
import type { SampledExchange } from '../sampled.ts'
import { clientError, serverError } from '../span-error.ts'

export type Attributes = Record<string, string | number>

/** Longest texts that are told whole, in characters. The SDK keeps 2 048 spans and more while a collector is slow. */
const LONGEST = { target: 4096, agent: 512, authority: 512, method: 64 }

/** Never the raw path: names of spans are grouped by. Of a gRPC call its method. */
export function serverName(recorded: SampledExchange): string {
  const { request } = recorded
  if (request.exchange.grpc) return callName(recorded)
  const method = methodName(request)
  const route = request.exchange.route
  return route === undefined ? method : `${method} ${route.template}`
}

export function clientName(recorded: SampledExchange): string {
  return recorded.request.exchange.grpc ? callName(recorded) : methodName(recorded.request)
}

/** `HTTP` for what is no method of ours (semconv, "Name"). */
function methodName(request: RequestHead): string {
  const method = METHODS[methodIndex(request.method)] as string
  return method === '_OTHER' ? 'HTTP' : method
}

export function serverAttributes(recorded: SampledExchange): Attributes {
  const { request, status, reason } = recorded
  const exchange = request.exchange
  const target = kept(request.target, LONGEST.target)
  const query = target.indexOf('?')
  const attributes = common(request)
  attributes['url.path'] = query < 0 ? target : target.slice(0, query)
  if (query >= 0) attributes['url.query'] = target.slice(query + 1)
  attributes['client.address'] = exchange.peerAddress
  attributes['network.peer.address'] = exchange.peerAddress
  attributes['network.peer.port'] = exchange.peerPort
  attributes['network.protocol.version'] = protocolName(exchange.protocol)
  attributes['outrigger.direction'] = exchange.direction
  attributes['outrigger.attempts'] = exchange.attempts
  const route = exchange.route
  if (route !== undefined) {
    attributes['http.route'] = route.template
    attributes['outrigger.destination'] = route.service
  }
  const agent = get(request.headers, 'user-agent')
  if (agent !== undefined) attributes['user_agent.original'] = kept(agent, LONGEST.agent)
  if (status !== 0) attributes['http.response.status_code'] = status
  if (reason !== '') attributes['outrigger.reason'] = reason
  // Whoever counts spans has to know that these were not drawn by lot.
  if (recorded.tailReason !== '') attributes['outrigger.tail'] = recorded.tailReason
  if (exchange.grpc) Object.assign(attributes, callAttributes(recorded, recorded.rpcStatus))
  const error = serverError(recorded)
  if (error !== '') attributes['error.type'] = error
  return attributes
}

export function clientAttributes(recorded: SampledExchange, record: AttemptRecord): Attributes {
  const { request } = recorded
  const attempt = record.attempt
  const attributes = common(request)
  attributes['url.full'] = kept(urlOf(request), LONGEST.target)
  attributes['outrigger.attempt.kind'] = attempt.kind
  if (record.whyNext !== '') attributes['outrigger.attempt.why_next'] = record.whyNext
  if (attempt.endpoint !== undefined) {
    const peer = splitAddress(attempt.endpoint.address, 0)
    attributes['network.peer.address'] = peer.host
    attributes['network.peer.port'] = peer.port
  }
  if (attempt.number > 1) attributes['http.request.resend_count'] = attempt.number - 1
  if (record.status !== 0) attributes['http.response.status_code'] = record.status
  const version = protocolName(attempt.protocol)
  if (version !== '') attributes['network.protocol.version'] = version
  if (request.exchange.grpc) Object.assign(attributes, callAttributes(recorded, record.rpcStatus))
  const error = clientError(record)
  if (error !== '') attributes['error.type'] = error
  return attributes
}

/** semconv: the method, or the system where that is not known. */
function callName({ rpcMethod }: SampledExchange): string {
  return rpcMethod === OTHER_RPC || rpcMethod === '' ? 'grpc' : rpcMethod
}

function callAttributes({ request, rpcMethod }: SampledExchange, status: number): Attributes {
  const attributes: Attributes = { 'rpc.system.name': 'grpc', 'rpc.method': rpcMethod }
  if (rpcMethod === OTHER_RPC) attributes['rpc.method_original'] = kept(request.target.slice(1), LONGEST.target)
  if (status !== NO_STATUS) attributes['rpc.response.status_code'] = statusName(status)
  return attributes
}

function common(request: RequestHead): Attributes {
  const server = splitAddress(kept(request.authority, LONGEST.authority), request.scheme === 'https' ? 443 : 80)
  const attributes: Attributes = {
    'http.request.method': METHODS[methodIndex(request.method)] as string,
    'url.scheme': request.scheme,
    'server.address': server.host,
    'server.port': server.port,
  }
  if (attributes['http.request.method'] === '_OTHER') {
    attributes['http.request.method_original'] = kept(request.method, LONGEST.method)
  }
  return attributes
}

/** Neither `*` nor the target of CONNECT, which is an authority, is a path. */
function urlOf({ scheme, authority, target }: RequestHead): string {
  return `${scheme}://${authority}${target.startsWith('/') ? target : ''}`
}

/** A copy: what is cut out of a request's head would keep the whole head for as long as its span waits. */
function kept(text: string, most: number): string {
  return flat(text.length > most ? `${text.slice(0, most)}...` : text)
}

/** `host:port`; an IPv6 host loses its brackets. */
function splitAddress(address: string, port: number): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const hasPort = colon > address.lastIndexOf(']')
  const host = hasPort ? address.slice(0, colon) : address
  const bare = host.startsWith('[') ? host.slice(1, -1) : host
  return { host: bare, port: hasPort ? Number(address.slice(colon + 1)) : port }
}
