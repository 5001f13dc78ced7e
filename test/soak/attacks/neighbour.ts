/** Somebody who asks one thing after the other at a steady pace, on a connection of his own. */
import http2 from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'

/** ms between two requests. */
const PACE = 4

export class Neighbour {
  readonly #session: http2.ClientHttp2Session

  constructor(port: number) {
    this.#session = http2.connect(`http://127.0.0.1:${port}`)
    this.#session.on('error', () => {})
  }

  /** Waits of all requests that were due within `ms`, counted from then, sorted; Infinity for one that got no 200. */
  async ask(ms: number): Promise<number[]> {
    const waits: Promise<number>[] = []
    const began = performance.now()
    for (let n = 0; n * PACE < ms; n++) {
      const due = began + n * PACE
      const ahead = due - performance.now()
      if (ahead > 0) await sleep(ahead)
      waits.push(this.#one(due))
    }
    return (await Promise.all(waits)).sort((a, b) => a - b)
  }

  #one(due: number): Promise<number> {
    const stream = this.#session.request({ ':path': '/', ':authority': 'origin' })
    let status = 0
    stream.on('response', (head) => (status = Number(head[':status'])))
    stream.on('error', () => {})
    stream.resume()
    return new Promise((resolve) =>
      stream.on('close', () => resolve(status === 200 ? performance.now() - due : Number.POSITIVE_INFINITY)),
    )
  }

  close(): void {
    this.#session.destroy()
  }
}

/** Of sorted values. */
export function at(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}
