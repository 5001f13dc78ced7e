/** GET over HTTP/2 on a connection that is there. http2-wrapper is loaded by the first. */
import type { Socket } from 'node:net'
import type { ClientHttp2Session, IncomingMessage } from 'http2-wrapper'
import { type HttpProbe, MOST_BYTES, USER_AGENT } from './probe.ts'

export function loadHttp2() {
  return import('http2-wrapper')
}

/** The status, once the answer is whole; rejects where there is none. */
export async function getHttp2(socket: Socket, probe: HttpProbe): Promise<number> {
  const { default: http2 } = await loadHttp2()
  const { authority, path, tls } = probe
  const scheme = tls === undefined ? 'http' : 'https'
  const session = http2.connect(`${scheme}://${authority}`, { createConnection: () => socket })
  try {
    const headers = { ':authority': authority, 'user-agent': USER_AGENT }
    const request = http2.request({ h2session: session, method: 'GET', path, headers })
    const response = await answered<IncomingMessage>(session, (resolve, reject) => {
      request.on('error', reject)
      request.on('response', resolve)
      request.end()
    })
    return await answered<number>(session, (resolve, reject) => read(response, resolve, reject))
  } finally {
    session.destroy()
  }
}

/** A session that ends is an answer, too. */
function answered<T>(
  session: ClientHttp2Session,
  ask: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    session.once('error', reject)
    session.once('close', () => reject(new Error('the connection was closed')))
    ask(resolve, reject)
  })
}

function read(response: IncomingMessage, resolve: (status: number) => void, reject: (error: Error) => void): void {
  const status = response.statusCode ?? 0
  let bytes = 0
  response.on('error', reject)
  response.on('aborted', () => reject(new Error('the answer broke off')))
  response.on('end', () => resolve(status))
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_BYTES) resolve(status)
  })
}
