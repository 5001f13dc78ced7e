/**
 * The parts of access log lines that are the same as in the line before, kept as the bytes they are written as: most of a
 * line is. Each getter compares what it was made of last, and makes it anew when that has changed.
 */
import { NO_STATUS } from '../core/grpc-status.ts'
import { asciiJson } from './flat.ts'
import { METHODS } from './labels.ts'
import { statusName } from './rpc-status.ts'
import type { Direction } from './sources.ts'

/** Longest authority that is logged whole, and longest target that is kept, in characters. */
const LONGEST = 512

const TIME = '{"time":"'
/** Bytes of `mmmZ` at the end of a time. */
const MILLISECONDS = 4
const ZERO = 48

export class AccessParts {
  #millisecond = -1
  #second = -1
  #direction: Direction | '' = ''
  #method = -1
  #opening = bytesOf('')
  /** Where the milliseconds of its time begin. */
  #digits = 0
  #target = ''
  /** Of `#target`, once it came a second time. */
  #path: Uint8Array | undefined = undefined
  #authority: string | undefined = undefined
  #route = ''
  #status = -1
  #middle = bytesOf('')
  #attempts = -1
  #upstream = ''
  #tried = bytesOf('')
  #endpoint: string | undefined = undefined
  #answer = -1
  #rpcAnswer = NO_STATUS
  #answered = bytesOf('')
  #peer: string | undefined = undefined
  #protocol = ''
  #closing = bytesOf('')

  /** `{"time":"…","direction":"…","method":"…","path":` */
  opening(wallTime: number, direction: Direction, method: number): Uint8Array {
    const millisecond = Math.floor(wallTime)
    const others = method === this.#method && direction === this.#direction
    if (millisecond === this.#millisecond && others) return this.#opening
    this.#millisecond = millisecond
    const second = Math.floor(millisecond / 1000)
    if (second === this.#second && others) {
      this.#setMilliseconds(millisecond - second * 1000)
      return this.#opening
    }
    this.#second = second
    this.#direction = direction
    this.#method = method
    const time = new Date(millisecond).toISOString()
    this.#digits = TIME.length + time.length - MILLISECONDS
    this.#opening = bytesOf(`${TIME}${time}","direction":"${direction}","method":"${METHODS[method]}","path":`)
    return this.#opening
  }

  #setMilliseconds(value: number): void {
    const bytes = this.#opening
    const at = this.#digits
    const hundreds = (value / 100) | 0
    const tens = ((value / 10) | 0) - hundreds * 10
    bytes[at] = ZERO + hundreds
    bytes[at + 1] = ZERO + tens
    bytes[at + 2] = ZERO + value - hundreds * 100 - tens * 10
  }

  /** A target between quotes, where it is that of the line before; undefined: it is not, or needs an escape. */
  path(target: string): Uint8Array | undefined {
    if (target.length > LONGEST) return undefined
    if (target !== this.#target) {
      this.#target = target
      this.#path = undefined
    } else if (this.#path === undefined) {
      const shown = asciiJson(target)
      if (shown.length === target.length + 2) this.#path = bytesOf(shown)
    }
    return this.#path
  }

  /** `,"authority":…,"route":…,"service":…,"status":…,"durationMs":`; `route` is the part of route and service. */
  middle(authority: string, route: string, status: number): Uint8Array {
    if (authority === this.#authority && route === this.#route && status === this.#status) return this.#middle
    this.#authority = authority
    this.#route = route
    this.#status = status
    const shown = authority.length > LONGEST ? `${authority.slice(0, LONGEST)}...` : authority
    this.#middle = bytesOf(`,"authority":${asciiJson(shown)}${route},"status":${status},"durationMs":`)
    return this.#middle
  }

  /** `,"attemptCount":…,"upstream":"…","attempts":[`; without upstream where none was tried. */
  tried(attempts: number, upstream: string): Uint8Array {
    if (attempts === this.#attempts && upstream === this.#upstream) return this.#tried
    this.#attempts = attempts
    this.#upstream = upstream
    this.#tried = bytesOf(triedText(attempts, upstream))
    return this.#tried
  }

  /**
   * The same where one attempt was made, of which there is no more to tell than how it was answered, with its beginning:
   * `{"endpoint":"…","status":…,"ms":`, of a gRPC call with its status.
   */
  answered(endpoint: string, status: number, rpcStatus: number): Uint8Array {
    if (endpoint === this.#endpoint && status === this.#answer && rpcStatus === this.#rpcAnswer) return this.#answered
    this.#endpoint = endpoint
    this.#answer = status
    this.#rpcAnswer = rpcStatus
    const said = rpcStatus === NO_STATUS ? '' : `,"grpcStatus":"${statusName(rpcStatus)}"`
    const attempt = `{"endpoint":${asciiJson(endpoint)},"status":${status}${said},"ms":`
    this.#answered = bytesOf(triedText(1, endpoint) + attempt)
    return this.#answered
  }

  /** `","peer":"…","protocol":"HTTP/…"` */
  closing(peer: string, protocol: string): Uint8Array {
    if (peer === this.#peer && protocol === this.#protocol) return this.#closing
    this.#peer = peer
    this.#protocol = protocol
    this.#closing = bytesOf(`","peer":${asciiJson(peer)},"protocol":"HTTP/${protocol}"`)
    return this.#closing
  }
}

function triedText(attempts: number, upstream: string): string {
  const to = upstream === '' ? '' : `,"upstream":${asciiJson(upstream)}`
  return `,"attemptCount":${attempts}${to},"attempts":[`
}

/** Of a text that is ASCII. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
