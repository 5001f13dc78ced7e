/** The origin behind the proxy: reads strictly, answers with what it was asked, and keeps everything that came. */
import net from 'node:net'
import { type Message, readRequest } from '../../support/read-message.ts'

interface Peer {
  readonly socket: net.Socket
  rest: Buffer
  ended: boolean
}

export class Recorder {
  readonly #server: net.Server
  readonly #peers = new Set<Peer>()
  /** Since the last `begin()`: whole requests, in order, and what no sender may send. */
  requests: Message[] = []
  nonsense: string[] = []

  constructor() {
    this.#server = net.createServer((socket) => {
      const peer: Peer = { socket, rest: Buffer.alloc(0), ended: false }
      this.#peers.add(peer)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        peer.ended = true
        this.#peers.delete(peer)
      })
      socket.on('data', (chunk: Buffer) => this.#read(peer, chunk))
    })
  }

  #read(peer: Peer, chunk: Buffer): void {
    peer.rest = Buffer.concat([peer.rest, chunk])
    try {
      for (let message = readRequest(peer.rest); message !== undefined; message = readRequest(peer.rest)) {
        peer.rest = peer.rest.subarray(message.next)
        this.requests.push(message)
        const body = message.method === 'HEAD' ? '' : 'ok'
        peer.socket.write(
          `HTTP/1.1 200 OK\r\nX-Asked: ${encodeURIComponent(message.target)}\r\nContent-Length: 2\r\n\r\n${body}`,
        )
      }
    } catch (error) {
      this.nonsense.push(`${(error as Error).message}: ${JSON.stringify(peer.rest.toString('latin1').slice(0, 200))}`)
      peer.socket.destroy()
    }
  }

  begin(): void {
    this.requests = []
    this.nonsense = []
  }

  /** Half a message on connections that are still open, and so may be used again. */
  get halves(): string[] {
    const open = [...this.#peers].filter(({ rest, ended }) => rest.length > 0 && !ended)
    return open.map(({ rest }) => rest.toString('latin1').slice(0, 200))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as net.AddressInfo).port
  }

  async close(): Promise<void> {
    for (const { socket } of this.#peers) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
