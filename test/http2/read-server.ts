/** What our server side makes of a client's bytes: the requests as it reads them, and what it writes. */
import { ResponseHead } from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'
import { Offenders } from '../../src/http/offenders.ts'
import type { ServerOwner } from '../../src/http/server-side.ts'
import { Http2ServerConnection } from '../../src/http2/server.ts'
import { deliver, FakeSocket, pieces } from '../http1/fake-socket.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { readFrames, type Written } from './read-frames.ts'

export interface ReadRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly headers: Headers
  readonly bodyLength: number
  body: string
  trailers: Headers
  /** `end`, `abort <reason>`, '' while it waits for more. */
  terminal: string
}

export interface Reading {
  readonly requests: ReadRequest[]
  readonly refusals: string[]
  readonly defects: string[]
}

const LIMITS = {
  maxHeaderBytes: 65_536,
  maxHeaders: 200,
  maxRequestBytes: Number.POSITIVE_INFINITY,
  headTimeout: 10_000,
  idleTimeout: 300_000,
}

/** Every whole request is answered with its own body, and a trailer. */
export function echoingOwner(reading: Reading, clock: FakeClock): ServerOwner {
  return {
    limits: LIMITS,
    clock,
    offenders: new Offenders(),
    draining: false,
    accept(head, _connection, response) {
      const { method, target, authority, headers, bodyLength } = head
      const request: ReadRequest = {
        method,
        target,
        authority,
        headers,
        bodyLength,
        body: '',
        trailers: [],
        terminal: '',
      }
      reading.requests.push(request)
      return {
        data(chunk) {
          request.body += chunk.toString('latin1')
        },
        end(trailers) {
          if (request.terminal !== '') return
          request.terminal = 'end'
          request.trailers = trailers ?? []
          response.head(new ResponseHead(200, '', ['X-T-Echo', 'yes'], -1, 'upstream', ''))
          if (request.body !== '') response.data(Buffer.from(request.body, 'latin1'))
          response.end(['x-t-size', String(request.body.length)])
        },
        abort(error) {
          if (request.terminal !== '') return
          request.terminal = `abort ${error.reason}`
          response.fail(error)
        },
        pauseResponse() {},
        resumeResponse() {},
      }
    },
    refusal(error) {
      reading.refusals.push(error.cause)
      return { head: new ResponseHead(400, '', [], 0, 'proxy', error.reason), body: Buffer.alloc(0) }
    },
    violation() {},
    defect(where, error) {
      reading.defects.push(`${where}: ${(error as Error).stack}`)
    },
    closed() {},
  }
}

export interface ServerOutcome extends Reading {
  readonly written: Written
  readonly closed: boolean
}

/** `end`: the client is gone behind its bytes, and time passes. */
export function readByServer(bytes: Buffer, cuts: readonly number[], end = false): ServerOutcome {
  const reading: Reading = { requests: [], refusals: [], defects: [] }
  const socket = new FakeSocket()
  const clock = new FakeClock()
  const connection = new Http2ServerConnection(socket.asSocket, echoingOwner(reading, clock))
  for (const piece of pieces(bytes, cuts)) if (!socket.destroyed) deliver(connection, piece)
  if (end) {
    if (!socket.destroyed) socket.emit('end')
    clock.advance(2000)
    if (!socket.destroyed) reading.defects.push('the connection is still open')
    if (clock.pending > 0) reading.defects.push(`${clock.pending} timers are still running`)
    for (const { terminal, target } of reading.requests)
      if (terminal === '') reading.defects.push(`${target} has no end`)
  }
  return { ...reading, written: readFrames(socket.written), closed: socket.destroyed || socket.ended }
}
