/** Asks an HTTP server how it is: one GET, which any 2xx answers well. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock, Timed } from '../../core/clock.ts'
import { H2, HTTP1 } from '../../net/lazy-tls.ts'
import { getHttp1, loadHttp1 } from './http1-get.ts'
import { getHttp2, loadHttp2 } from './http2-get.ts'
import { dial, type HttpProbe, type ProbeAnswer } from './probe.ts'

const OFFERS = { auto: [H2, HTTP1], http1: [HTTP1], http2: [H2] }

/** Never rejects. `signal`: nobody wants to know any more. */
export async function probeHttp(probe: HttpProbe, clock: Clock, signal: AbortSignal): Promise<ProbeAnswer> {
  const { protocol, tls, timeout } = probe
  // Loading takes time that is not the endpoint's. What ALPN will choose is not known yet; most choose HTTP/2.
  await (protocol === 'http1' || (protocol === 'auto' && tls === undefined) ? loadHttp1() : loadHttp2())
  const socket = dial(probe, OFFERS[protocol])
  // Also what it says once nobody listens any more.
  socket.on('error', () => {})
  const limit = new Limit(socket, signal)
  const timer = clock.schedule(timeout, limit)
  try {
    await Promise.race([once(socket, tls === undefined ? 'connect' : 'secureConnect'), closed(socket)])
    const http2 = tls === undefined ? protocol === 'http2' : (socket as TLSSocket).alpnProtocol === H2
    // No request would be sent to it either.
    if (protocol === 'http2' && !http2) return { passed: false, why: 'the upstream did not choose h2 (ALPN)' }
    const status = await (http2 ? getHttp2(socket, probe) : getHttp1(socket, probe))
    return { passed: status >= 200 && status < 300, why: `status ${status}` }
  } catch (error) {
    return { passed: false, why: limit.over ? `no whole answer within ${timeout} ms` : (error as Error).message }
  } finally {
    clock.cancel(timer)
    socket.destroy()
  }
}

async function closed(socket: Socket): Promise<never> {
  if (!socket.destroyed) await once(socket, 'close')
  throw new Error('the connection was closed')
}

/** Ends the connection when its time is over or nobody wants to know: whatever waits for it then fails. */
class Limit implements Timed {
  over = false
  readonly #socket: Socket

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket
    if (signal.aborted) socket.destroy()
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
  }

  expired(): void {
    this.over = true
    this.#socket.destroy()
  }
}
