/** GET over HTTP/1.1 on a connection that is there. undici is loaded by the first. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type HttpProbe, MOST_BYTES, USER_AGENT } from './probe.ts'

export function loadHttp1(): Promise<typeof import('undici')> {
  return import('undici')
}

/** The status, once the answer is whole; rejects where there is none. */
export async function getHttp1(socket: Socket, { host, port, authority, path }: HttpProbe): Promise<number> {
  const { Client } = await loadHttp1()
  let taken = false
  const client = new Client(`http://${host.includes(':') ? `[${host}]` : host}:${port}`, {
    // The time is kept by who asks; HTTP/2 is spoken elsewhere, for here its end could throw where nobody catches.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: (_options, done) => {
      // The connection is what is asked about: when it is lost, that is the answer.
      if (taken || socket.destroyed) return done(new Error('the connection was closed'), null)
      taken = true
      // Not at once: undici is in the middle of asking.
      queueMicrotask(() => done(null, socket as TLSSocket))
    },
  })
  try {
    const headers = { host: authority, 'user-agent': USER_AGENT }
    const { statusCode, body } = await client.request({ method: 'GET', path, headers })
    let bytes = 0
    for await (const chunk of body) {
      bytes += (chunk as Buffer).length
      if (bytes > MOST_BYTES) break
    }
    return statusCode
  } finally {
    void client.destroy().catch(() => {})
  }
}
