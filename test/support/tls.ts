/** TLS around a sidecar: PEM files in a folder of their own, and origins that say how they were reached. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import https from 'node:https'
import type { Test } from 'tap'
import type { Issued } from './certificates.ts'

/** A folder for PEM files, gone when the test is over. */
export class PemFolder {
  readonly path: string

  constructor(t: Test) {
    this.path = mkdtempSync(join(tmpdir(), 'outrigger-pem-'))
    t.teardown(() => rmSync(this.path, { recursive: true, force: true }))
  }

  /** Returns where it stands. */
  write(name: string, text: string): string {
    const path = join(this.path, name)
    writeFileSync(path, text)
    return path
  }

  /** `cert: …, key: …` as a `tls` block has them. */
  pair(name: string, { cert, key }: Issued): string {
    return `cert: ${this.write(`${name}.crt`, cert)}, key: ${this.write(`${name}.key`, key)}`
  }
}

/** What one connection to an origin was like. */
export interface Reached {
  readonly alpn: string | false | null
  readonly reused: boolean
  readonly serverName: string | false
  readonly version: string | null
  /** Common name of the client's certificate, or ''. */
  readonly client: string
}

export interface Origin {
  readonly port: number
  /** One for each TLS connection. */
  readonly reached: Reached[]
  readonly requests: { readonly version: string; readonly headers: http2.IncomingHttpHeaders; readonly url: string }[]
  /** Ends every connection that is open. */
  endAll(): void
  close(): void
}

export type OriginKind = 'http1' | 'http2' | 'either'

/** A server that is no HTTP, on a port of its own. */
export async function listening(t: Test, server: net.Server, port = 0): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('secureConnection', (socket: tls.TLSSocket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Answers every request with the version it came in. */
export async function tlsOrigin(t: Test, kind: OriginKind, options: tls.TlsOptions): Promise<Origin> {
  const reached: Reached[] = []
  const requests: Origin['requests'][number][] = []
  const answer = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
    requests.push({ version: request.httpVersion, headers: request.headers, url: request.url })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('x-body', String(Buffer.concat(chunks).length))
      response.end(`over ${request.httpVersion}`)
    })
  }
  const server =
    kind === 'http1'
      ? https.createServer(options, answer as never)
      : http2.createSecureServer({ ...options, allowHTTP1: kind === 'either' }, answer)
  const sockets = new Set<tls.TLSSocket>()
  server.on('secureConnection', (socket: tls.TLSSocket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    reached.push({
      alpn: socket.alpnProtocol,
      reused: socket.isSessionReused(),
      serverName: (socket as { servername?: string | false }).servername ?? false,
      version: socket.getProtocol(),
      client: socket.getPeerX509Certificate()?.subject ?? '',
    })
  })
  server.on('sessionError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const close = () => {
    endAll()
    server.close()
  }
  t.teardown(close)
  return { port: (server.address() as AddressInfo).port, reached, requests, endAll, close }
}

/** A TLS connection as a client makes it; rejects where the handshake fails. */
export function tlsConnect(t: Test, port: number, options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'app.test', ...options })
    t.teardown(() => socket.destroy())
    socket.once('secureConnect', () => resolve(socket))
    socket.once('error', reject)
    // A server that refuses without a word.
    socket.once('close', () => reject(new Error('closed')))
  })
}
