/** Reads a stream of lines from an admin listener. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'

/** Bytes of a refusal that are read. */
const LIMIT = 10_000

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

export function openLines(
  address: { readonly host: string; readonly port: number },
  path: string,
  reader: LineReader,
): LineStream {
  const where = `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
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
    if (response.statusCode !== 200) return refused(response, (sentence) => end(`${where}: ${sentence}`))
    let rest = ''
    response.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (!over && line !== '' && !reader.line(line)) response.pause()
    })
    response.on('end', () => end(''))
    response.on('error', () => end(`${where} has broken off the stream`))
  })
  asked.on('error', (error: NodeJS.ErrnoException) => {
    const refusal = `nothing listens on ${where}: is the sidecar running, and is that its admin listener?`
    end(error.code === 'ECONNREFUSED' ? refusal : `${where}: ${error.message}`)
  })
  asked.end()
  return {
    resume: () => void answer?.resume(),
    close: () => end(''),
  }
}

/** What an admin listener refuses it says why. */
function refused(response: IncomingMessage, told: (sentence: string) => void): void {
  let text = ''
  response.on('data', (piece: string) => {
    if (text.length < LIMIT) text += piece
  })
  response.on('end', () => told(reasonIn(text) ?? `answers ${response.statusCode}: it knows nothing of taps`))
}

function reasonIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { reason?: string; message?: string } }
    return error?.reason === 'not_found' ? undefined : error?.message
  } catch {
    return undefined
  }
}
