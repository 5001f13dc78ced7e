/** HTTP/1.1 for little: many requests in one write, and answers of which only the status is read. */
import net from 'node:net'

const LINE = 'HTTP/1.1 '
/** A status line that is cut off lacks at most all of it but one character. */
const TAIL = LINE.length + 3

/** An application that answers 200 to whatever has no body, whatever its method. */
export function answering(): net.Server {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'
  return net.createServer((socket) => {
    let tail = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const heads = (tail + chunk.toString('latin1')).split('\r\n\r\n')
      tail = heads.pop() ?? ''
      socket.write(answer.repeat(heads.length))
    })
  })
}

export class Pipeline {
  readonly #socket: net.Socket
  #tail = ''
  #left = 0
  #statuses: Map<number, number> = new Map()
  #done: () => void = () => {}
  #failed: (error: Error) => void = () => {}

  constructor(port: number) {
    this.#socket = net.connect(port, '127.0.0.1')
    this.#socket.on('data', (chunk) => this.#read(chunk.toString('latin1')))
    this.#socket.on('error', (error) => this.#failed(error))
    this.#socket.on('close', () => this.#failed(new Error(`closed with ${this.#left} answers to come`)))
  }

  /** Sends `requests`, none with a body, and counts the status of each answer. */
  send(requests: readonly string[], statuses: Map<number, number>): Promise<void> {
    this.#left = requests.length
    this.#statuses = statuses
    this.#socket.write(requests.join(''))
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
    })
  }

  destroy(): void {
    this.#failed = () => {}
    this.#socket.destroy()
  }

  #read(text: string): void {
    const all = this.#tail + text
    let at = 0
    for (;;) {
      const found = all.indexOf(LINE, at)
      if (found < 0 || found + TAIL > all.length) break
      const status = Number(all.slice(found + LINE.length, found + TAIL))
      this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1)
      this.#left--
      at = found + TAIL
    }
    this.#tail = all.slice(Math.max(at, all.length - TAIL + 1))
    if (this.#left === 0) this.#done()
  }
}
