/** Between a sidecar and its origin: who comes through, and when. */
import net from 'node:net'

/** Between sidecar and origin: connections are taken, and pass nothing on until it is opened. */
export class Gate {
  /** Connections that came. */
  came = 0
  /** The port of the origin, for connections that are passed on from now on. */
  behind: number
  readonly #sockets = new Set<net.Socket>()
  #held: (() => void)[] = []
  #open = false

  constructor(behind: number) {
    this.behind = behind
  }

  take(socket: net.Socket): void {
    this.came++
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    const pass = () => {
      const onward = net.connect(this.behind, '127.0.0.1')
      onward.on('error', () => {})
      socket.on('close', () => onward.destroy())
      onward.on('close', () => socket.destroy())
      socket.pipe(onward).pipe(socket)
    }
    if (this.#open) pass()
    else this.#held.push(pass)
  }

  open(): void {
    this.#open = true
    for (const pass of this.#held.splice(0)) pass()
  }

  /** Ends every connection; those that come are taken, and pass nothing on. */
  shut(): void {
    this.#open = false
    for (const socket of this.#sockets) socket.destroy()
  }
}
