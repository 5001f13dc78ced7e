/** What the client wire makes of an upstream's bytes: one answer, and what became of the connection. */
import type { ProxyError } from '../../src/core/errors.ts'
import type { Headers } from '../../src/core/headers.ts'
import { ClientConnection, type ClientOwner } from '../../src/http1/client.ts'
import { makeRequest } from '../contract/exchanges.ts'
import { deliver, FakeSocket, pieces } from './fake-socket.ts'

export interface ReadAnswer {
  status: number
  reasonPhrase: string
  headers: Headers
  bodyLength: number
  readonly informational: number[]
  body: string
  trailers: Headers
  /** `end`, `fail <reason>`, '' while it waits for more. */
  terminal: string
  /** What the pool was told: it can take another request. */
  reusable: boolean
  /** The connection is gone. */
  closed: boolean
}

/** `end`: the upstream ends its direction behind the bytes. */
export function readByClient(bytes: Buffer, cuts: readonly number[], method: string, end: boolean): ReadAnswer {
  const answer: ReadAnswer = {
    status: 0,
    reasonPhrase: '',
    headers: [],
    bodyLength: 0,
    informational: [],
    body: '',
    trailers: [],
    terminal: '',
    reusable: false,
    closed: false,
  }
  const socket = new FakeSocket()
  const owner: ClientOwner = {
    limits: { maxHeaderBytes: 65_536, maxHeaders: 200 },
    believesPeer: true,
    connected() {},
    parting() {},
    released() {
      answer.reusable = true
    },
    closed() {},
    defect(where, error) {
      throw new Error(`defect ${where}`, { cause: error })
    },
  }
  const connection = new ClientConnection(socket.asSocket, owner, 0)
  socket.emit('connect')
  const request = makeRequest({ method, bodyLength: 0 })
  const body = connection.send(
    request,
    {
      informational: (head) => answer.informational.push(head.status),
      head({ status, reasonPhrase, headers, bodyLength }) {
        Object.assign(answer, { status, reasonPhrase, headers, bodyLength })
      },
      data(chunk) {
        answer.body += chunk.toString('latin1')
      },
      end(trailers) {
        answer.terminal = 'end'
        answer.trailers = trailers ?? []
      },
      fail(error: ProxyError) {
        answer.terminal = `fail ${error.reason}`
      },
      pauseRequest() {},
      resumeRequest() {},
    },
    'subject',
  )
  body.end()
  for (const piece of pieces(bytes, cuts)) if (!socket.destroyed) deliver(connection, piece)
  if (end && !socket.destroyed) socket.emit('end')
  answer.closed = socket.destroyed || socket.ended
  if (answer.closed) answer.reusable = false
  return answer
}
