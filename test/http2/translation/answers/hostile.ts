/** Upstreams that answer `/case` with the bytes of a case, and everything else as they should. */
import net from 'node:net'
import { ACK, END_HEADERS, HEADERS, PING, SETTINGS } from '../../../../src/http2/frames.ts'
import { block, data, frame, headers, Http2Peer, SETTINGS_ACK, settings } from '../../../support/http2-raw.ts'
import { OriginPeer } from '../../../support/raw-origin.ts'
import { firstOf } from '../message.ts'
import type { Case } from './case.ts'

export abstract class Hostile {
  /** What `/case` gets. */
  case: Case | undefined
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor() {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
      this.serve(socket)
    })
  }

  protected abstract serve(socket: net.Socket): void

  protected play(socket: net.Socket, id: number): void {
    const { bytes, behind } = this.case as Case
    socket.write(bytes(id), () => {
      if (behind === 'fin') socket.end()
      else if (behind === 'reset') socket.resetAndDestroy()
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as net.AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

export class HostileHttp1 extends Hostile {
  protected override serve(socket: net.Socket): void {
    const peer = new OriginPeer(socket)
    const next = async (): Promise<void> => {
      for (;;) {
        const { target } = await peer.request(60_000)
        if (target === '/case') this.play(socket, 0)
        else {
          const asked = encodeURIComponent(target)
          peer.send(`HTTP/1.1 200 OK\r\nX-Asked: ${asked}\r\nContent-Length: 2\r\n\r\nok`)
        }
      }
    }
    next().catch(() => {})
    socket.on('end', () => socket.end())
  }
}

export class HostileHttp2 extends Hostile {
  protected override serve(socket: net.Socket): void {
    const peer = new Http2Peer(socket, true)
    peer.send(settings())
    peer.onFrame = (one) => {
      const { type, id, flags, payload } = one
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      else if (type === HEADERS && (flags & END_HEADERS) !== 0) {
        const path = firstOf(peer.fieldsOf(one), ':path') as string
        if (path === '/case') this.play(socket, id)
        else
          peer.send(
            headers(
              id,
              block([
                [':status', '200'],
                ['x-asked', encodeURIComponent(path)],
              ]),
            ),
            data(id, 'ok', true),
          )
      }
    }
    socket.on('end', () => socket.end())
  }
}
