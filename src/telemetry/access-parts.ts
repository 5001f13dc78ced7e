/**
 * The parts of access log lines that are the same as in the line before, kept as one text each: most of a line is. Each
 * getter compares what it was made of last, and makes it anew when that has changed.
 */
import { NO_STATUS } from '../core/grpc-status.ts'
import { asciiJson, flat } from './flat.ts'
import { METHODS } from './labels.ts'
import { statusName } from './rpc-status.ts'
import type { Direction } from './sources.ts'

/** Longest authority that is logged whole, in characters. */
const LONGEST = 512

export class AccessParts {
  #millisecond = -1
  #time = ''
  #direction: Direction | '' = ''
  #method = -1
  #opening = ''
  #authority: string | undefined = undefined
  #route = ''
  #status = -1
  #middle = ''
  #attempts = -1
  #upstream = ''
  #tried = ''
  #endpoint = ''
  #answer = -1
  #rpcAnswer = NO_STATUS
  #answered = ''
  #peer = ''
  #protocol = ''
  #closing = ''

  /** `{"time":"…","direction":"…","method":"…","path":` */
  opening(wallTime: number, direction: Direction, method: number): string {
    const millisecond = Math.floor(wallTime)
    if (millisecond === this.#millisecond && method === this.#method && direction === this.#direction)
      return this.#opening
    if (millisecond !== this.#millisecond) this.#time = new Date(millisecond).toISOString()
    this.#millisecond = millisecond
    this.#direction = direction
    this.#method = method
    this.#opening = flat(`{"time":"${this.#time}","direction":"${direction}","method":"${METHODS[method]}","path":`)
    return this.#opening
  }

  /** `,"authority":…,"route":…,"service":…,"status":…,"durationMs":`; `route` is the part of route and service. */
  middle(authority: string, route: string, status: number): string {
    if (authority === this.#authority && route === this.#route && status === this.#status) return this.#middle
    this.#authority = authority
    this.#route = route
    this.#status = status
    const shown = authority.length > LONGEST ? `${authority.slice(0, LONGEST)}...` : authority
    this.#middle = flat(`,"authority":${asciiJson(shown)}${route},"status":${status},"durationMs":`)
    return this.#middle
  }

  /** `,"attemptCount":…,"upstream":"…","attempts":[`; without upstream where none was tried. */
  tried(attempts: number, upstream: string): string {
    if (attempts === this.#attempts && upstream === this.#upstream) return this.#tried
    this.#attempts = attempts
    this.#upstream = upstream
    const to = upstream === '' ? '' : `,"upstream":${asciiJson(upstream)}`
    this.#tried = flat(`,"attemptCount":${attempts}${to},"attempts":[`)
    return this.#tried
  }

  /** `{"endpoint":"…","status":…,"ms":` of an attempt of which there is no more to tell; of a gRPC call with its status. */
  answered(endpoint: string, status: number, rpcStatus: number): string {
    if (endpoint === this.#endpoint && status === this.#answer && rpcStatus === this.#rpcAnswer) return this.#answered
    this.#endpoint = endpoint
    this.#answer = status
    this.#rpcAnswer = rpcStatus
    const said = rpcStatus === NO_STATUS ? '' : `,"grpcStatus":"${statusName(rpcStatus)}"`
    this.#answered = flat(`{"endpoint":${asciiJson(endpoint)},"status":${status}${said},"ms":`)
    return this.#answered
  }

  /** `","peer":"…","protocol":"HTTP/…"` */
  closing(peer: string, protocol: string): string {
    if (peer === this.#peer && protocol === this.#protocol) return this.#closing
    this.#peer = peer
    this.#protocol = protocol
    this.#closing = flat(`","peer":${asciiJson(peer)},"protocol":"HTTP/${protocol}"`)
    return this.#closing
  }
}
