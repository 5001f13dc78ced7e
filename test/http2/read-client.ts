/** What our client side makes of an upstream's bytes: the answers to its requests, and what it writes. */
import type { ProxyError } from '../../src/core/errors.ts'
import type { Headers } from '../../src/core/headers.ts'
import { Http2ClientConnection, type Http2ClientOwner } from '../../src/http2/client.ts'
import { PREFACE } from '../../src/http2/frames.ts'
import { makeRequest } from '../contract/exchanges.ts'
import { deliver, FakeSocket, pieces } from '../http1/fake-socket.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { readFrames, type Written } from './read-frames.ts'

export interface ReadAnswer {
  status: number
  headers: Headers
  readonly informational: (readonly [status: number, headers: Headers])[]
  body: string
  trailers: Headers
  /** `end`, `fail <reason>`, '' while it waits for more. */
  terminal: string
}

export interface ClientOutcome {
  readonly answers: readonly ReadAnswer[]
  readonly defects: readonly string[]
  readonly written: Written
  readonly closed: boolean
}

export function clientOwner(defects: string[], clock: FakeClock): Http2ClientOwner {
  return {
    limits: { maxHeaderBytes: 65_536, maxHeaders: 200 },
    clock,
    expectedStreams: 100,
    believesPeer: true,
    freed() {},
    wornOut() {},
    settled() {},
    http1Required: () => false,
    retired() {},
    closed() {},
    violation() {},
    defect(where, error) {
      defects.push(`${where}: ${(error as Error).stack}`)
    },
  }
}

/** Sends a GET; a `body` makes it a POST. */
export function ask(connection: Http2ClientConnection, answers: ReadAnswer[], body = ''): void {
  const answer: ReadAnswer = { status: 0, headers: [], informational: [], body: '', trailers: [], terminal: '' }
  answers.push(answer)
  const request = makeRequest({ method: body === '' ? 'GET' : 'POST', bodyLength: body.length })
  const down = connection.send(
    request,
    {
      informational: (head) => void answer.informational.push([head.status, head.headers]),
      head({ status, headers }) {
        Object.assign(answer, { status, headers })
      },
      data(chunk) {
        answer.body += chunk.toString('latin1')
      },
      end(trailers) {
        answer.terminal += 'end'
        answer.trailers = trailers ?? []
      },
      fail(error: ProxyError) {
        answer.terminal += `fail ${error.reason}`
      },
      pauseRequest() {},
      resumeRequest() {},
    },
    'subject',
  )
  if (body !== '') down.data(Buffer.from(body, 'latin1'))
  down.end()
}

/** `bodies` of the requests. `end`: the upstream is gone behind its bytes, and time passes. */
export function readByClient(
  bytes: Buffer,
  cuts: readonly number[],
  bodies: readonly string[],
  end = false,
): ClientOutcome {
  const socket = new FakeSocket()
  const clock = new FakeClock()
  const defects: string[] = []
  const answers: ReadAnswer[] = []
  const connection = new Http2ClientConnection(socket.asSocket, clientOwner(defects, clock), 'http')
  socket.emit('connect')
  for (const body of bodies) ask(connection, answers, body)
  for (const piece of pieces(bytes, cuts)) if (!socket.destroyed) deliver(connection, piece)
  if (end) {
    if (!socket.destroyed) socket.emit('end')
    clock.advance(2000)
    if (!socket.destroyed) defects.push('the connection is still open')
    if (clock.pending > 0) defects.push(`${clock.pending} timers are still running`)
    for (const [i, { terminal }] of answers.entries()) if (terminal === '') defects.push(`answer ${i} has no end`)
  }
  connection.outbox.flush()
  const written = socket.written
  if (!written.subarray(0, PREFACE.length).equals(PREFACE)) defects.push('no preface')
  return {
    answers,
    defects,
    written: readFrames(written.subarray(PREFACE.length)),
    closed: socket.destroyed || socket.ended,
  }
}
