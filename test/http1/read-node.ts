/** What Node's own HTTP makes of the same bytes, without a socket: the independent reader we are held against. */
import http from 'node:http'
import { Duplex } from 'node:stream'

export interface NodeRequest {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly rawHeaders: readonly string[]
  body: string
  rawTrailers: readonly string[]
  whole: boolean
}

export interface NodeAnswer {
  status: number
  reasonPhrase: string
  rawHeaders: readonly string[]
  readonly informational: number[]
  body: string
  rawTrailers: readonly string[]
  /** `end`, `error`, or '' while it waits for more. */
  terminal: string
}

class Pipe extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }

  // What Node asks of a socket.
  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/** Everything that was set off has run: Node's streams take a few turns. */
async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise(setImmediate)
}

export async function readByNodeServer(bytes: Buffer): Promise<NodeRequest[]> {
  const requests: NodeRequest[] = []
  const options = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, connectionsCheckingInterval: 1e9 }
  const server = http.createServer({ ...options, maxHeaderSize: 70_000 }, (incoming, outgoing) => {
    const { method = '', url = '', httpVersion, rawHeaders } = incoming
    const request = { method, target: url, version: httpVersion, rawHeaders, body: '', rawTrailers: [], whole: false }
    const read: NodeRequest = request
    requests.push(read)
    incoming.on('data', (chunk: Buffer) => {
      read.body += chunk.toString('latin1')
    })
    incoming.on('end', () => {
      read.whole = incoming.complete
      read.rawTrailers = incoming.rawTrailers
    })
    incoming.on('error', () => {})
    outgoing.end()
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('checkContinue', (incoming, outgoing) => server.emit('request', incoming, outgoing))
  const pipe = new Pipe()
  server.emit('connection', pipe)
  pipe.push(bytes)
  await settled()
  pipe.destroy()
  server.close()
  return requests
}

export async function readByNodeClient(bytes: Buffer, method: string, end: boolean): Promise<NodeAnswer> {
  const answer: NodeAnswer = {
    status: 0,
    reasonPhrase: '',
    rawHeaders: [],
    informational: [],
    body: '',
    rawTrailers: [],
    terminal: '',
  }
  const pipe = new Pipe()
  const options = { method, createConnection: () => pipe, maxHeaderSize: 70_000 } as http.RequestOptions
  const request = http.request({ ...options, headers: { host: 'subject' } })
  request.on('information', ({ statusCode }) => answer.informational.push(statusCode))
  request.on('response', (incoming) => {
    answer.status = incoming.statusCode ?? 0
    answer.reasonPhrase = incoming.statusMessage ?? ''
    answer.rawHeaders = incoming.rawHeaders
    incoming.on('data', (chunk: Buffer) => {
      answer.body += chunk.toString('latin1')
    })
    incoming.on('end', () => {
      answer.rawTrailers = incoming.rawTrailers
      answer.terminal = incoming.complete ? 'end' : 'error'
    })
    incoming.on('error', () => {
      answer.terminal = 'error'
    })
  })
  request.on('error', () => {
    answer.terminal ||= 'error'
  })
  request.end()
  await settled()
  pipe.push(bytes)
  await settled()
  if (end) {
    pipe.push(null)
    await settled()
  }
  request.destroy()
  pipe.destroy()
  return answer
}
