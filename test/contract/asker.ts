/** One who asks through the subject: keeps the contract, reacts as told, and checks what it is given. */
import { ProxyError } from '../../src/core/errors.ts'
import type { Dispatch, RequestBody, RequestHead, ResponseHandler, ResponseHead } from '../../src/core/exchange.ts'
import { get, type Headers } from '../../src/core/headers.ts'
import { matches, pattern } from './exchanges.ts'
import type { AskerEvent, AskerReaction } from './history.ts'

/** After a pause no more than this is sent: what was on its way. */
const ON_ITS_WAY = 30_000

/** What the answerer says of a call, for the asker to hold against what reached it. */
export interface AnswerRecord {
  readonly sent: number
  readonly terminal: string
  readonly trailers: Headers | undefined
}

export class Asker implements ResponseHandler {
  readonly who: number
  readonly request: RequestHead
  readonly problems: string[] = []
  /** Calls on after the terminal. Not everybody does: an abort then would hide that an attempt was left running. */
  readonly #pokes: boolean
  readonly #answers: (call: number) => AnswerRecord
  readonly #reactions: { event: AskerEvent; react: AskerReaction }[]
  #body: RequestBody | undefined
  /** Bytes of request sent, and since a pause. */
  sent = 0
  #sentPaused = 0
  ended = false
  trailers: Headers | undefined
  requestPaused = false
  responsePaused = false
  over = false
  /** How it ended, for the log. */
  terminal = ''
  headSeen: ResponseHead | undefined
  /** The answerer's call that the head named; 0 none. */
  #answeredBy = 0
  #received = 0

  constructor(
    who: number,
    request: RequestHead,
    answers: (call: number) => AnswerRecord,
    reactions: { event: AskerEvent; react: AskerReaction }[],
    pokes: boolean,
  ) {
    this.#pokes = pokes
    this.who = who
    this.request = request
    this.#answers = answers
    this.#reactions = reactions
  }

  ask(dispatch: Dispatch): void {
    this.#body = dispatch(this.request, this)
  }

  send(size: number): void {
    const { bodyLength } = this.request
    const left = bodyLength < 0 ? Number.POSITIVE_INFINITY : bodyLength - this.sent
    const length = Math.min(size, this.request.isTunnel ? size : left)
    if (this.over || this.ended || length <= 0) return
    // A tunnel's bytes behind the request may come before the head; more only after it.
    if (this.requestPaused && this.#sentPaused + length > ON_ITS_WAY) return
    const chunk = pattern(this.who, this.sent, length)
    this.sent += length
    if (this.requestPaused) this.#sentPaused += length
    this.#body?.data(chunk)
  }

  /** Sends what the declared length still wants, and ends. */
  finish(trailers: boolean): void {
    if (this.over || this.ended) return
    const { bodyLength, isTunnel } = this.request
    if (!isTunnel && bodyLength > this.sent) {
      if (this.requestPaused) return
      this.send(bodyLength - this.sent)
      if (this.over || this.ended || bodyLength > this.sent) return
    }
    this.ended = true
    this.trailers = trailers && bodyLength < 0 ? ['x-request-trailer', String(this.who)] : undefined
    this.#body?.end(this.trailers)
  }

  abort(): void {
    this.#body?.abort(new ProxyError('client_cancelled', 'downstream', 'no', 'the test left'))
  }

  pause(): void {
    this.responsePaused = true
    this.#body?.pauseResponse()
  }

  resume(): void {
    this.responsePaused = false
    this.#body?.resumeResponse()
  }

  /** After the terminal every call is a no-op; the boundary sees whether it was. */
  #poke(): void {
    const body = this.#body
    if (body === undefined || !this.#pokes) return
    body.data(Buffer.from('too late'))
    body.pauseResponse()
    body.resumeResponse()
    body.end()
    body.abort(new ProxyError('client_cancelled', 'downstream', 'no', 'too late'))
  }

  informational(): void {
    this.#react('informational')
  }

  head(head: ResponseHead): void {
    this.headSeen = head
    if (head.origin === 'upstream') {
      this.#answeredBy = Number(get(head.headers, 'x-call') ?? 0)
      if (this.#answeredBy === 0) this.problems.push('a head that no answerer sent')
    }
    this.#react('head')
  }

  data(chunk: Buffer): void {
    if (this.#answeredBy > 0 && !matches(chunk, this.#answeredBy, this.#received)) {
      this.problems.push(`bytes ${this.#received}+${chunk.length} of answer ${this.#answeredBy} are not what was sent`)
    }
    this.#received += chunk.length
    this.#react('data')
  }

  end(trailers?: Headers): void {
    this.over = true
    this.terminal = `end ${this.headSeen?.status}`
    if (this.#answeredBy > 0) this.#judgeEnd(trailers)
    this.#react('end')
    this.#poke()
  }

  #judgeEnd(trailers: Headers | undefined): void {
    const answer = this.#answers(this.#answeredBy)
    if (answer.terminal !== 'end') this.problems.push(`told of an end, though the answerer's was "${answer.terminal}"`)
    if (answer.sent !== this.#received) this.problems.push(`${this.#received} of ${answer.sent} bytes of answer came`)
    if (String(answer.trailers ?? '') !== String(trailers ?? '')) this.problems.push('other trailers than were sent')
  }

  fail(error: ProxyError): void {
    this.over = true
    this.terminal = `fail ${error.reason}`
    this.#react('fail')
    this.#poke()
  }

  pauseRequest(): void {
    if (!this.requestPaused) this.#sentPaused = 0
    this.requestPaused = true
    this.#react('pauseRequest')
  }

  resumeRequest(): void {
    this.requestPaused = false
    this.#react('resumeRequest')
  }

  #react(event: AskerEvent): void {
    const at = this.#reactions.findIndex((reaction) => reaction.event === event)
    if (at < 0) return
    const [reaction] = this.#reactions.splice(at, 1)
    if (reaction!.react === 'abort') this.abort()
    else if (reaction!.react === 'pause') this.pause()
    else if (reaction!.react === 'resume') this.resume()
    else if (reaction!.react === 'data') this.send(500)
    else this.finish(false)
  }
}
