/** Clients and servers of Node's, in either version of HTTP, that say lists of fields and write down what they hear. */
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { request as wrapped } from 'http2-wrapper'
import { type FieldList, type Fields, flat, grouped, known } from './field-lists.ts'

/** What came: all of `fields` that is the test's, and the names that came never-indexed. */
export interface Heard {
  readonly fields: Fields
  readonly sensitive: readonly string[]
  /** The head said that nothing follows; with HTTP/1.1 it does not say so. */
  readonly ended: boolean
}

const END_STREAM = http2.constants.NGHTTP2_FLAG_END_STREAM

export type Ask = (number: number, list: FieldList) => Promise<Heard>

const PATH = '/some/path?of=some&length'

function sensitiveOf(headers: object): readonly string[] {
  return (headers as Record<symbol, readonly string[]>)[http2.sensitiveHeaders] ?? []
}

/** Fields as Node's http2 takes them, in order. */
function rawFields(pseudo: readonly string[], list: FieldList): http2.OutgoingHttpHeaders {
  const raw = [...pseudo, ...list.fields] as string[] & Record<symbol, unknown>
  raw[http2.sensitiveHeaders] = list.sensitive
  return raw as unknown as http2.OutgoingHttpHeaders
}

export function askHttp2(session: http2.ClientHttp2Session): Ask {
  return (number, list) => {
    const pseudo = [':method', 'GET', ':scheme', 'http', ':authority', 'origin', ':path', PATH, 't-number', `${number}`]
    return new Promise((resolve, reject) => {
      const stream = session.request(rawFields(pseudo, list))
      stream.once('error', reject)
      stream.once('response', (headers, flags, raw: unknown) => {
        const ended = (flags & END_STREAM) !== 0
        resolve({ fields: known(raw as string[]), sensitive: sensitiveOf(headers), ended })
      })
      stream.once('close', () => reject(new Error(`closed: ${stream.rstCode}`)))
      stream.resume()
    })
  }
}

/** Values of one name come together here. */
export function askWrapper(session: http2.ClientHttp2Session): Ask {
  return (number, list) =>
    new Promise((resolve, reject) => {
      const headers = { ':authority': 'origin', 't-number': String(number), ...grouped(list.fields) }
      // The types of the package are older than those of Node.
      const options = { h2session: session, path: PATH, method: 'GET', headers } as unknown as object
      const request = wrapped(options, (response) => {
        resolve({ fields: known(flat(grouped(response.rawHeaders))), sensitive: [], ended: true })
        response.resume()
      })
      request.once('error', reject)
      request.end()
    })
}

export function askHttp1(port: number, agent: http.Agent): Ask {
  return (number, list) => {
    const headers = ['Host', 'origin', 't-number', String(number), ...list.fields]
    const options = { port, host: '127.0.0.1', agent, path: PATH, headers, maxHeaderSize: 1024 * 1024 }
    return new Promise((resolve, reject) => {
      const request = http.request(options, (response) => {
        resolve({ fields: known(response.rawHeaders), sensitive: [], ended: true })
        response.resume()
      })
      request.once('error', reject)
      request.end()
    })
  }
}

/** Answers the request of each number with the list of that number. */
export class Origin {
  readonly heard = new Map<number, Heard>()
  readonly sessions = new Set<http2.ServerHttp2Session>()
  readonly #answers: readonly FieldList[]
  readonly #server: Server & Partial<Pick<http.Server, 'closeAllConnections'>>

  constructor(answers: readonly FieldList[], version: 1 | 2) {
    this.#answers = answers
    this.#server = version === 2 ? this.#http2() : this.#http1()
  }

  #http2(): http2.Http2Server {
    const server = http2.createServer()
    server.on('session', (session: http2.ServerHttp2Session) => {
      this.sessions.add(session)
      session.on('error', () => {})
    })
    server.on('stream', (stream: http2.ServerHttp2Stream, headers, flags, raw: unknown) => {
      const answer = this.#hear(raw as string[], sensitiveOf(headers), (flags & END_STREAM) !== 0)
      stream.respond(rawFields([':status', '200'], answer), { endStream: true, sendDate: false } as object)
    })
    return server
  }

  #http1(): http.Server {
    return http.createServer({ maxHeaderSize: 1024 * 1024 }, (request, response) => {
      const answer = this.#hear(request.rawHeaders, [], true)
      response.sendDate = false
      response.writeHead(200, [...answer.fields, 'Content-Length', '0'])
      response.end()
    })
  }

  #hear(raw: Fields, sensitive: readonly string[], ended: boolean): FieldList {
    const number = Number(raw[raw.findIndex((name) => name.toLowerCase() === 't-number') + 1])
    this.heard.set(number, { fields: known(raw), sensitive, ended })
    return this.#answers[number] as FieldList
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    for (const session of this.sessions) session.destroy()
    this.#server.closeAllConnections?.()
    this.#server.close()
  }
}
