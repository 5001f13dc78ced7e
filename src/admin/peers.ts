/** Who holds connections to the admin listener. Nobody may hold so many that the kubelet's probes find none free: the pod would be restarted. */
import type { Socket } from 'node:net'

/** Connections from one address; probes, scrapers and people have a few. */
export const MOST_FROM_ONE = 64

export class Peers {
  readonly #open = new Map<string, number>()

  /** Takes a connection in, or ends it. */
  connected(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const open = this.#open.get(address) ?? 0
    if (open >= MOST_FROM_ONE) {
      socket.destroy()
      return
    }
    this.#open.set(address, open + 1)
    socket.once('close', () => this.#closed(address))
  }

  #closed(address: string): void {
    const left = (this.#open.get(address) ?? 0) - 1
    if (left > 0) this.#open.set(address, left)
    else this.#open.delete(address)
  }
}
