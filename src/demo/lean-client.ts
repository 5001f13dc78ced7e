/**
 * A frugal HTTP/1.1 client for the load generator. The generator shares two cores with what it measures: Node's own
 * client costs as much as the sample service behind it, this one a fifth. One request per connection at a time, the
 * connection used last is used first, answers read only as far as needed to know where they end.
 */
import { connect, type Socket } from 'node:net'

/** Called once, with the answer as it came; `status` 0: no whole answer. */
export type Answered = (status: number, text: string) => void

/** A call under way. */
export interface Call {
  /** Not interested any more: the connection is closed, and `Answered` is not called. */
  abandon(): void
}

/** No answer of a story is longer; what is, is broken. */
const MAX_ANSWER = 1024 * 1024

export class LeanClient {
  readonly #host: string
  readonly #port: number
  #idle: Connection[] = []
  #all = new Set<Connection>()

  /** `target` is `HOST:PORT`. */
  constructor(target: string) {
    const colon = target.lastIndexOf(':')
    this.#host = target.slice(0, colon)
    this.#port = Number(target.slice(colon + 1))
  }

  /** Sends one request: head and body as they go over the wire. */
  send(text: string, answered: Answered): Call {
    const connection = this.#idle.pop() ?? this.#open()
    connection.ask(text, answered)
    return connection
  }

  /** Closes every connection; calls under way are answered with 0. */
  close(): void {
    for (const connection of this.#all) connection.cut()
  }

  #open(): Connection {
    const connection: Connection = new Connection(
      connect({ host: this.#host, port: this.#port, noDelay: true }),
      () => this.#idle.push(connection),
      () => {
        this.#all.delete(connection)
        const at = this.#idle.indexOf(connection)
        if (at >= 0) this.#idle.splice(at, 1)
      },
    )
    this.#all.add(connection)
    return connection
  }
}

class Connection implements Call {
  readonly #socket: Socket
  readonly #free: () => void
  #answered: Answered | undefined
  #received = ''

  constructor(socket: Socket, free: () => void, gone: () => void) {
    this.#socket = socket
    this.#free = free
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('error', () => socket.destroy())
    socket.on('end', () => this.#ended())
    socket.on('close', () => {
      gone()
      this.#settle(0)
    })
  }

  ask(text: string, answered: Answered): void {
    this.#answered = answered
    this.#received = ''
    this.#socket.write(text)
  }

  abandon(): void {
    this.#answered = undefined
    this.#socket.destroy()
  }

  cut(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    // Nobody asked: whatever this is, the connection is no longer in step.
    if (this.#answered === undefined || this.#received.length > MAX_ANSWER) {
      this.#socket.destroy()
      return
    }
    this.#received += text
    const answer = answerIn(this.#received)
    if (answer === undefined) return
    if (answer.close) this.#socket.end()
    this.#settle(answer.status)
    if (!answer.close) this.#free()
  }

  /** The other side has finished: an answer without a length is whole now, any other is not. */
  #ended(): void {
    const answer = answerIn(`${this.#received}`, true)
    this.#settle(answer?.status ?? 0)
    this.#socket.destroy()
  }

  #settle(status: number): void {
    const answered = this.#answered
    this.#answered = undefined
    answered?.(status, this.#received)
  }
}

/** The answer at the start of `text` if it is whole; `ended`: nothing more comes. 1xx are skipped. */
export function answerIn(text: string, ended = false): { status: number; close: boolean } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const status = Number(text.slice(9, 12))
  if (status >= 100 && status < 200) return answerIn(text.slice(end + 4), ended)
  const head = text.slice(0, end).toLowerCase()
  const close = head.includes('\r\nconnection: close')
  const body = text.length - end - 4
  if (status === 204 || status === 304) return { status, close }
  const at = head.indexOf('\r\ncontent-length:')
  if (at >= 0) return body >= Number.parseInt(head.slice(at + 17), 10) ? { status, close } : undefined
  if (head.includes('\r\ntransfer-encoding:')) {
    return text.endsWith('\r\n0\r\n\r\n') ? { status, close } : undefined
  }
  return ended ? { status, close: true } : undefined
}
