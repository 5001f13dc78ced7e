/** What the server wire makes of a client's bytes: the requests as it reads them, and how it took the end of them. */
import { ResponseHead } from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'
import { Offenders } from '../../src/http/offenders.ts'
import type { ServerOwner } from '../../src/http/server-side.ts'
import { ServerConnection } from '../../src/http1/server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { deliver, FakeSocket, pieces } from './fake-socket.ts'

export interface ReadRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly version: number
  readonly headers: Headers
  readonly bodyLength: number
  body: string
  trailers: Headers
  whole: boolean
}

export interface Reading {
  readonly requests: ReadRequest[]
  /** Why it read no further; '' when it would. */
  refused: string
  /** It has closed, or will after its answer. */
  closed: boolean
}

const LIMITS = {
  maxHeaderBytes: 65_536,
  maxHeaders: 200,
  maxRequestBytes: Number.POSITIVE_INFINITY,
  headTimeout: 10_000,
  idleTimeout: 300_000,
}

/** Every whole request is answered with an empty 200, so that the next one is read. */
export function readByServer(bytes: Buffer, cuts: readonly number[]): Reading {
  const reading: Reading = { requests: [], refused: '', closed: false }
  const socket = new FakeSocket()
  const owner: ServerOwner = {
    limits: LIMITS,
    clock: new FakeClock(),
    offenders: new Offenders(),
    draining: false,
    accept(head, _connection, response) {
      const { method, target, authority, version, headers, bodyLength } = head
      const request: ReadRequest = {
        ...{ method, target, authority, version, headers, bodyLength },
        body: '',
        trailers: [],
        whole: false,
      }
      reading.requests.push(request)
      let over = false
      return {
        data(chunk) {
          request.body += chunk.toString('latin1')
        },
        end(trailers) {
          if (over || request.whole) return
          request.whole = true
          request.trailers = trailers ?? []
          over = true
          response.head(new ResponseHead(200, '', ['Content-Length', '0'], 0, 'upstream', ''))
          response.end()
        },
        abort(error) {
          if (over) return
          over = true
          reading.refused = error.cause
          response.fail(error)
        },
        pauseResponse() {},
        resumeResponse() {},
      }
    },
    refusal(error) {
      reading.refused = error.cause
      return { head: new ResponseHead(400, '', [], 0, 'proxy', error.reason), body: Buffer.alloc(0) }
    },
    violation() {},
    defect(where, error) {
      throw new Error(`defect ${where}`, { cause: error })
    },
    closed() {},
  }
  const connection = new ServerConnection(socket.asSocket, owner)
  for (const piece of pieces(bytes, cuts)) deliver(connection, piece)
  reading.closed = socket.destroyed || socket.ended
  return reading
}
