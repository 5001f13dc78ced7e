/** A pod as its clients see it: an HTTP server on an address of its own, which answers with its name. */
import { createServer, type Server } from 'node:http'

export class Pod {
  readonly address: string
  readonly #server: Server

  private constructor(address: string) {
    this.address = address
    this.#server = createServer((_request, response) => response.end(address))
    // A sidecar's own idle limit is the shorter one, as it should be.
    this.#server.keepAliveTimeout = 60_000
  }

  static async start(address: string, port: number): Promise<Pod> {
    const pod = new Pod(address)
    await new Promise<void>((resolve, reject) => {
      pod.#server.once('error', reject)
      pod.#server.listen(port, address, resolve)
    })
    return pod
  }

  /** As a good server ends: no more connections, idle ones closed, the others after their answers. */
  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
