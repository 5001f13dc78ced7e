/** The codec alone: a head's bytes to its parts, and back. */
import { Attempt, Exchange, RequestHead, ResponseHead } from '../../src/core/exchange.ts'
import { Head } from '../../src/http1/head.ts'
import { HeadScan } from '../../src/http1/head-scan.ts'
import { writeRequest, writeResponse } from '../../src/http1/write.ts'
import type { Outbox } from '../../src/net/outbox.ts'

export interface Work {
  readonly name: string
  run(count: number): void
}

const LIMITS = { maxHeaderBytes: 65_536, maxHeaders: 200 }
const REQUEST = Buffer.from(
  'GET /api/orders/1 HTTP/1.1\r\nHost: 127.0.0.1:23000\r\nAccept: */*\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n\r\n',
)
const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n',
)

/** Keeps the compiler from leaving out what nobody reads. */
let sink = 0

function parsing(name: string, bytes: Buffer, parse: (head: Head, text: string) => string): Work {
  const scan = new HeadScan(LIMITS.maxHeaderBytes)
  const head = new Head()
  const run = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const end = scan.scan(bytes, 0)
      if (parse(head, scan.buffer.toString('latin1', scan.start, end)) !== '') throw new Error(head.problem)
      sink += head.headers.length
    }
  }
  return { name, run }
}

export function codec(): Work[] {
  const exchange = new Exchange('outbound', 0, 0, '127.0.0.1', 1, '', 'id', true, 11, Number.POSITIVE_INFINITY)
  const attempt = new Attempt('first', false, false)
  attempt.fields.push('via', '1.1 outrigger-bench', 'x-outrigger-attempt', '1', 'x-request-id', 'f'.repeat(32))
  const fields = ['Accept', '*/*', 'User-Agent', 'bench', 'Content-Type', 'application/json']
  const request = new RequestHead('GET', '/api/orders/1', 'http', 'app', fields, 0, '', false, exchange, attempt)
  const answer = new ResponseHead(
    200,
    'OK',
    [...fields, 'Content-Length', '1024', 'via', '1.1 outrigger-bench'],
    1024,
    'upstream',
    '',
  )
  const target = Buffer.alloc(4096)
  const outbox = { room: () => target, at: 0, commit: (to: number) => void (sink += to) } as unknown as Outbox
  const writing = (name: string, write: () => void): Work => ({
    name,
    run: (count) => {
      for (let i = 0; i < count; i++) write()
    },
  })
  return [
    parsing('codec: read a request head', REQUEST, (head, text) => head.parseRequest(text, LIMITS)),
    parsing('codec: read an answer head', ANSWER, (head, text) => head.parseResponse(text, LIMITS, 'GET')),
    writing('codec: write a request head', () => writeRequest(outbox, request, 'app', '')),
    writing('codec: write an answer head', () => writeResponse(outbox, answer, '', false)),
  ]
}
