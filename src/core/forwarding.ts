/** Both directions passed on call by call; a layer extends one and overrides what it cares about. */
import type { RequestBody, ResponseHandler, ResponseHead } from './exchange.ts'
import type { ProxyError } from './errors.ts'
import type { Headers } from './headers.ts'

/** Passes the answer up. `up` is whoever asked. */
export class ForwardingHandler implements ResponseHandler {
  protected readonly up: ResponseHandler

  constructor(up: ResponseHandler) {
    this.up = up
  }

  informational(head: ResponseHead): void {
    this.up.informational(head)
  }

  head(head: ResponseHead): void {
    this.up.head(head)
  }

  data(chunk: Buffer): void {
    this.up.data(chunk)
  }

  end(trailers?: Headers): void {
    this.up.end(trailers)
  }

  fail(error: ProxyError): void {
    this.up.fail(error)
  }

  pauseRequest(): void {
    this.up.pauseRequest()
  }

  resumeRequest(): void {
    this.up.resumeRequest()
  }
}

/** Passes the request down. `down` is set right after `next()` returned, before anyone can call (G1). */
export class ForwardingBody implements RequestBody {
  down: RequestBody

  constructor(down: RequestBody) {
    this.down = down
  }

  data(chunk: Buffer): void {
    this.down.data(chunk)
  }

  end(trailers?: Headers): void {
    this.down.end(trailers)
  }

  abort(reason: ProxyError): void {
    this.down.abort(reason)
  }

  pauseResponse(): void {
    this.down.pauseResponse()
  }

  resumeResponse(): void {
    this.down.resumeResponse()
  }
}

/** Nobody beneath: after a terminal, or before the first dispatch. */
export const NO_BODY: RequestBody = {
  data() {},
  end() {},
  abort() {},
  pauseResponse() {},
  resumeResponse() {},
}
