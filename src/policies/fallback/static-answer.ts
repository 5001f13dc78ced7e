/** An answer that stands in the file: made ready at load, filled with path parameters when it is given. */
import { type RequestHead, ResponseHead } from '../../core/exchange.ts'
import type { Given } from '../../core/giver.ts'
import type { LocalAnswer } from './local-answer.ts'
import { ownFields } from './own-fields.ts'
import type { PathParameters } from './path-parameters.ts'
import { type Escape, escapeFor, parseTemplate, type Template } from './template.ts'

export interface StaticText {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export class StaticAnswer implements LocalAnswer {
  readonly kind = 'static'
  readonly #status: number
  /** Without Content-Length. */
  readonly #fields: readonly string[]
  readonly #template: Template
  readonly #escape: Escape
  readonly #parameters: PathParameters

  constructor(text: StaticText, parameters: PathParameters) {
    this.#status = text.status
    this.#template = hasBody(text.status) ? parseTemplate(text.body) : ['']
    this.#escape = escapeFor(text.contentType)
    this.#parameters = parameters
    const fields: string[] = []
    if (hasBody(text.status)) fields.push('content-type', text.contentType)
    fields.push('x-outrigger-fallback', 'static')
    this.#fields = fields.concat(ownFields(text.headers))
  }

  give(request: RequestHead, reason: string): Given {
    const body = this.#body(request)
    const fields = this.#fields.slice()
    // A 205 has no body, but a client only knows it by the length (RFC 9110 §15.3.6).
    if (hasBody(this.#status) || this.#status === 205) fields.push('content-length', String(body.length))
    const head = new ResponseHead(this.#status, '', fields, body.length, 'fallback', reason)
    return { head, body: body.length === 0 ? [] : [body], trailers: undefined }
  }

  #body(request: RequestHead): Buffer {
    const template = this.#template
    let text = template[0] as string
    for (let i = 1; i < template.length; i += 2) {
      const value = this.#parameters.value(request.exchange.path, template[i] as string)
      text += this.#escape(value) + template[i + 1]
    }
    return Buffer.from(text)
  }
}

/** RFC 9110 §6.4.1. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304
}
