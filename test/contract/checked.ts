/**
 * A wrapper to put between every two layers in a test. It passes every call on and writes each breach of G1–G9
 * (`src/core/exchange.ts`), by whoever stands above or beneath it, into the ledger. With chunks it does as a wire of HTTP/2 does:
 * it lends each receiver a copy, and overwrites what it was lent itself as soon as that is copied. Who keeps a chunk
 * that he has passed on without a copy (G7) has other bytes in it at once.
 */
import { ProxyError, REASONS } from '../../src/core/errors.ts'
import type {
  Dispatch,
  Layer,
  RequestBody,
  RequestHead,
  ResponseHandler,
  ResponseHead,
} from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'
import { lentCopy, takeBack } from '../support/lent.ts'
import { Frozen } from './frozen.ts'
import { bodyFollows, requestProblems, responseProblems } from './heads.ts'
import type { Entry, Ledger } from './ledger.ts'

/** Bytes that may come after a pause: what was read already, and one replayed body (G5). */
const AFTER_PAUSE = 128 * 1024

/** A layer with a boundary above and beneath it. What it dispatches is held against what it has answered (G4). */
export function checked(layer: Layer, label: string, ledger: Ledger): Layer {
  return (next) => {
    const above = new Boundary(label, ledger, undefined)
    const beneath = new Boundary(`beneath ${label}`, ledger, above)
    return above.around(layer(beneath.around(next)))
  }
}

/** A dispatch, such as a wire, with a boundary above it. */
export function checkedDispatch(dispatch: Dispatch, label: string, ledger: Ledger): Dispatch {
  return new Boundary(label, ledger, undefined).around(dispatch)
}

class Boundary {
  readonly label: string
  readonly ledger: Ledger
  readonly #above: Boundary | undefined
  /** The calls that are inside their `dispatch` now, innermost last. */
  readonly #dispatching: Call[] = []
  /** The calls that are being told something now, innermost last. */
  readonly telling: Call[] = []

  constructor(label: string, ledger: Ledger, above: Boundary | undefined) {
    this.label = label
    this.ledger = ledger
    this.#above = above
  }

  around(dispatch: Dispatch): Dispatch {
    return (request, response) => {
      const call = new Call(this, request, response, this.#parentOf(request))
      call.judgeStart(this.#above !== undefined)
      this.#dispatching.push(call)
      try {
        const body = dispatch(request, call.handler)
        call.returned(body)
        return call.body
      } catch (error) {
        this.ledger.thrown(call, 'dispatch', error)
        throw error
      } finally {
        this.#dispatching.pop()
      }
    }
  }

  /**
   * Whom a dispatch beneath the layer is made for: the call being dispatched now, else the one whose attempt has just been
   * told something, else one that waits for an answer.
   */
  #parentOf(request: RequestHead): Entry | undefined {
    const above = this.#above
    if (above === undefined) return undefined
    const now = above.#dispatching.at(-1)
    if (now !== undefined && now.exchange === request.exchange) return now
    const told = this.telling.at(-1)?.parent
    if (told !== undefined && told.exchange === request.exchange && told.terminal === '') return told
    const running = this.ledger.running(above.label, request.exchange)
    return running.find((entry) => !entry.headPassed) ?? running[0]
  }
}

/** One dispatch through one boundary: its state, and the two objects that stand between asker and answerer. */
class Call implements Entry {
  readonly label: string
  readonly exchange: RequestHead['exchange']
  readonly parent: Entry | undefined
  readonly #boundary: Boundary
  readonly request: RequestHead
  readonly ledger: Ledger
  readonly frozen = new Frozen()
  readonly handler: CheckedHandler
  readonly body: CheckedBody
  live = false
  headPassed = false
  terminal = ''
  responseHead: ResponseHead | undefined
  responsePaused = false
  requestPaused = false
  /** Bytes since the pause began. */
  pastPause = { request: 0, response: 0 }
  requestBytes = 0
  responseBytes = 0
  requestEnded = false
  abortedWith: ProxyError | undefined

  constructor(boundary: Boundary, request: RequestHead, response: ResponseHandler, parent: Entry | undefined) {
    this.label = boundary.label
    this.#boundary = boundary
    this.ledger = boundary.ledger
    this.request = request
    this.exchange = request.exchange
    this.parent = parent
    this.handler = new CheckedHandler(this, response)
    this.body = new CheckedBody(this)
    this.frozen.request(request)
    this.ledger.opened(this)
  }

  breach(rule: string, what: string): void {
    this.ledger.breach(rule, this, what)
  }

  judgeStart(beneath: boolean): void {
    for (const problem of requestProblems(this.request)) this.breach('head', problem)
    if (!beneath) return
    if (this.parent === undefined) this.breach('G9', 'dispatched for a request that nobody waits for any more')
    else if (this.parent.headPassed) this.breach('G4', 'dispatched after a head was passed up')
  }

  returned(body: RequestBody | undefined): void {
    if (this.terminal !== '') this.breach('G1', 'over before dispatch returned')
    if (typeof body !== 'object' || body === null) this.breach('G1', 'dispatch returned no body')
    else this.body.inner = body
    this.live = true
  }

  /** Before every callback. */
  judgeCallback(name: string): void {
    if (!this.live) this.breach('G1', `${name} before dispatch returned`)
    if (this.terminal !== '') this.breach('G2', `${name} after ${this.terminal}`)
  }

  over(terminal: string): void {
    if (this.terminal !== '') return
    this.terminal = terminal
    for (const change of this.frozen.changes()) this.breach(change.includes('head') ? 'G8' : 'G7', change)
    this.ledger.closed(this)
  }

  judgeLength(): void {
    const head = this.responseHead
    if (head === undefined || head.bodyLength < 0 || !bodyFollows(this.request, head)) return
    if (this.responseBytes !== head.bodyLength) {
      this.breach('head', `ended after ${this.responseBytes} of ${head.bodyLength} bytes of answer`)
    }
  }

  /** What the receiver is lent instead of `chunk`. */
  lend(chunk: Buffer): Buffer {
    if (!Buffer.isBuffer(chunk)) return chunk
    const piece = lentCopy(chunk)
    this.frozen.chunk(chunk)
    this.frozen.chunk(piece)
    takeBack(chunk)
    return piece
  }

  guard(where: string, run: () => void): void {
    const { telling } = this.#boundary
    telling.push(this)
    try {
      run()
    } catch (error) {
      this.ledger.thrown(this, where, error)
      throw error
    } finally {
      telling.pop()
    }
  }
}

class CheckedHandler implements ResponseHandler {
  readonly #call: Call
  readonly #up: ResponseHandler

  constructor(call: Call, up: ResponseHandler) {
    this.#call = call
    this.#up = up
  }

  informational(head: ResponseHead): void {
    const call = this.#call
    call.judgeCallback('informational')
    if (head.status < 100 || head.status > 199 || head.status === 101) call.breach('G3', `informational ${head.status}`)
    if (call.headPassed) call.breach('G3', 'informational after head')
    for (const problem of responseProblems(head)) call.breach('head', problem)
    call.frozen.response(head)
    call.guard('informational', () => this.#up.informational(head))
  }

  head(head: ResponseHead): void {
    const call = this.#call
    call.judgeCallback('head')
    if (call.headPassed) call.breach('G3', 'a second head')
    if (head.status < 200 && head.status !== 101) call.breach('G3', `head ${head.status}`)
    for (const problem of responseProblems(head)) call.breach('head', problem)
    call.frozen.response(head)
    call.headPassed = true
    call.responseHead = head
    call.guard('head', () => this.#up.head(head))
  }

  data(chunk: Buffer): void {
    const call = this.#call
    call.judgeCallback('data')
    if (!call.headPassed) call.breach('G3', 'data before head')
    if (!Buffer.isBuffer(chunk)) call.breach('G7', 'a chunk that is no Buffer')
    call.responseBytes += chunk.length
    if (call.responsePaused) {
      const before = call.pastPause.response
      call.pastPause.response += chunk.length
      if (before <= AFTER_PAUSE && call.pastPause.response > AFTER_PAUSE) {
        call.breach('G5', `more than ${AFTER_PAUSE} bytes of answer after pauseResponse`)
      }
    }
    const piece = call.lend(chunk)
    call.guard('data', () => this.#up.data(piece))
  }

  end(trailers?: Headers): void {
    const call = this.#call
    call.judgeCallback('end')
    if (!call.headPassed) call.breach('G3', 'end without a head')
    call.judgeLength()
    call.over('end')
    call.guard('end', () => this.#up.end(trailers))
  }

  fail(error: ProxyError): void {
    const call = this.#call
    call.judgeCallback('fail')
    if (!(error instanceof ProxyError) || !(error.reason in REASONS)) call.breach('G6', 'fail with no ProxyError')
    call.over(`fail ${error.reason}`)
    call.guard('fail', () => this.#up.fail(error))
  }

  pauseRequest(): void {
    const call = this.#call
    call.judgeCallback('pauseRequest')
    if (!call.requestPaused) call.pastPause.request = 0
    call.requestPaused = true
    call.guard('pauseRequest', () => this.#up.pauseRequest())
  }

  resumeRequest(): void {
    const call = this.#call
    call.judgeCallback('resumeRequest')
    call.requestPaused = false
    call.guard('resumeRequest', () => this.#up.resumeRequest())
  }
}

class CheckedBody implements RequestBody {
  readonly #call: Call
  inner: RequestBody | undefined

  constructor(call: Call) {
    this.#call = call
    this.inner = undefined
  }

  data(chunk: Buffer): void {
    const call = this.#call
    if (call.terminal === '') this.#judgeData(chunk)
    const piece = call.lend(chunk)
    call.guard('body.data', () => this.inner?.data(piece))
  }

  #judgeData(chunk: Buffer): void {
    const call = this.#call
    const { request } = call
    if (call.requestEnded) call.breach('asker', 'data after end')
    if (!Buffer.isBuffer(chunk)) call.breach('G7', 'a chunk that is no Buffer')
    call.requestBytes += chunk.length
    if (request.bodyLength >= 0 && call.requestBytes > request.bodyLength && !request.isTunnel) {
      call.breach('asker', `${call.requestBytes} bytes of a body of ${request.bodyLength}`)
    }
    if (call.requestPaused) {
      const before = call.pastPause.request
      call.pastPause.request += chunk.length
      if (before <= AFTER_PAUSE && call.pastPause.request > AFTER_PAUSE) {
        call.breach('G5', `more than ${AFTER_PAUSE} bytes of request after pauseRequest`)
      }
    }
  }

  end(trailers?: Headers): void {
    const call = this.#call
    if (call.terminal === '') {
      if (call.requestEnded) call.breach('asker', 'a second end')
      const { bodyLength, isTunnel } = call.request
      if (bodyLength >= 0 && call.requestBytes !== bodyLength && !isTunnel) {
        call.breach('asker', `ended after ${call.requestBytes} of ${bodyLength} bytes of request`)
      }
      call.requestEnded = true
    }
    call.guard('body.end', () => this.inner?.end(trailers))
  }

  abort(reason: ProxyError): void {
    const call = this.#call
    const before = call.terminal
    const first = call.abortedWith ?? reason
    call.abortedWith = first
    call.guard('body.abort', () => this.inner?.abort(reason))
    if (before !== '') return
    if (call.terminal === '') call.breach('G9', 'abort returned without fail')
    else if (call.terminal !== `fail ${first.reason}`) {
      call.breach('G9', `abort ${first.reason} was answered by ${call.terminal}`)
    }
  }

  pauseResponse(): void {
    const call = this.#call
    if (!call.responsePaused) call.pastPause.response = 0
    call.responsePaused = true
    call.guard('body.pauseResponse', () => this.inner?.pauseResponse())
  }

  resumeResponse(): void {
    const call = this.#call
    call.responsePaused = false
    call.guard('body.resumeResponse', () => this.inner?.resumeResponse())
  }
}
