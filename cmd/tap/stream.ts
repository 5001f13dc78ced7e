/** Reads a stream of lines from an admin listener. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { addressText, failureOf, type Refusal, readRefusal } from '../commands/admin-answer.ts'
import type { Address } from '../commands/admin-client.ts'

export interface LineReader {
  /** Without its end. False: no more, please, until `resume` is called. */
  line(text: string): boolean
  /** The sidecar has ended the stream; '' , or a sentence where it never began or broke. */
  ended(sentence: string): void
}

export interface LineStream {
  resume(): void
  close(): void
}

export function openLines(address: Address, path: string, reader: LineReader): LineStream {
  const where = addressText(address)
  let over = false
  let answer: IncomingMessage | undefined
  const end = (sentence: string) => {
    if (over) return
    over = true
    asked.destroy()
    reader.ended(sentence)
  }
  const asked: ClientRequest = request({ ...address, path, agent: false }, (response) => {
    answer = response.setEncoding('utf8')
    if (response.statusCode !== 200 || !String(response.headers['content-type']).startsWith('application/x-ndjson')) {
      return readRefusal(response, (refusal) => end(`${where}: ${refused(refusal, response.statusCode ?? 0)}`))
    }
    let rest = ''
    response.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (!over && line !== '' && !reader.line(line)) response.pause()
    })
    response.on('end', () => end(''))
    response.on('error', () => end(`${where} has broken off the stream`))
  })
  asked.on('error', (error: NodeJS.ErrnoException) => end(failureOf(address, error)))
  asked.end()
  return {
    resume: () => void answer?.resume(),
    close: () => end(''),
  }
}

/** An older sidecar does not know the path. */
function refused(refusal: Refusal | undefined, status: number): string {
  if (refusal === undefined || refusal.reason === 'not_found') return `answers ${status}: it knows nothing of taps`
  return refusal.message
}
