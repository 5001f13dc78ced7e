/** A stream of server-sent events from an admin listener (HTML, "Server-sent events"; ours have one line of data each). */
import { type ClientRequest, request } from 'node:http'
import { addressText, failureOf, type Refusal, readRefusal } from '../commands/admin-answer.ts'
import type { Address } from '../commands/admin-client.ts'

export interface EventStreamHandler {
  /** `data` as it came: JSON. */
  event(name: string, data: string): void
  /** It is over, or never began; a sentence. */
  failed(sentence: string): void
}

/** Finds the events in a text that comes in pieces. */
export class EventParser {
  readonly #event: (name: string, data: string) => void
  #rest = ''

  constructor(event: (name: string, data: string) => void) {
    this.#event = event
  }

  push(text: string): void {
    this.#rest += text
    let start = 0
    for (let end = this.#rest.indexOf('\n\n'); end >= 0; end = this.#rest.indexOf('\n\n', start)) {
      this.#block(this.#rest.slice(start, end))
      start = end + 2
    }
    this.#rest = this.#rest.slice(start)
  }

  #block(block: string): void {
    let name = 'message'
    let data: string | undefined
    for (const line of block.split('\n')) {
      if (line.startsWith('event: ')) name = line.slice(7)
      else if (line.startsWith('data: ')) data = line.slice(6)
    }
    if (data !== undefined) this.#event(name, data)
  }
}

/** Returns what ends it, after which nothing is told any more. `silence`: ms without a byte after which it has failed. */
export function openEvents(address: Address, path: string, silence: number, handler: EventStreamHandler): () => void {
  const where = addressText(address)
  let over = false
  const fail = (sentence: string) => {
    if (over) return
    over = true
    asked.destroy()
    handler.failed(sentence)
  }
  const parser = new EventParser((name, data) => {
    if (!over) handler.event(name, data)
  })
  const asked: ClientRequest = request({ ...address, path, agent: false, timeout: silence }, (answer) => {
    answer.setEncoding('utf8')
    if (answer.statusCode !== 200 || !String(answer.headers['content-type']).startsWith('text/event-stream')) {
      return readRefusal(answer, (refusal) => fail(refused(where, answer.statusCode ?? 0, refusal)))
    }
    answer.on('data', (text: string) => parser.push(text))
    answer.on('close', () => fail(`${where} has ended the stream`))
    answer.on('error', () => fail(`${where} has ended the stream`))
  })
  asked.on('timeout', () => fail(`${where} says nothing for ${silence / 1000} s`))
  asked.on('error', (error: NodeJS.ErrnoException) => fail(failureOf(address, error)))
  asked.end()
  return () => {
    over = true
    asked.destroy()
  }
}

function refused(where: string, status: number, refusal: Refusal | undefined): string {
  if (refusal !== undefined && refusal.reason !== 'not_found') return `${where}: ${refusal.message}`
  return `${where} answers ${status}: that is not the admin listener of a sidecar, or one that is older than this command`
}
