/** An answer that stands in the file: made ready at load, filled with path parameters when it is given. */
import { type RequestHead, ResponseHead } from '../../core/exchange.ts'
import { nameIs } from '../../core/headers.ts'
import type { PathParameters } from './path-parameters.ts'
import { type Escape, escapeFor, parseTemplate, type Template } from './template.ts'

export interface StaticText {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** Fields that frame a message or that we write ourselves. */
const OURS = [
  'content-type',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'trailer',
  'x-outrigger-fallback',
  'x-outrigger-reason',
  'proxy-status',
]

export class StaticAnswer {
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
    for (const name of Object.keys(text.headers)) {
      if (isField(name)) fields.push(name, text.headers[name] as string)
    }
    this.#fields = fields
  }

  body(request: RequestHead): Buffer {
    const template = this.#template
    let text = template[0] as string
    for (let i = 1; i < template.length; i += 2) {
      const value = this.#parameters.value(request.exchange.path, template[i] as string)
      text += this.#escape(value) + template[i + 1]
    }
    return Buffer.from(text)
  }

  /** `length` in bytes of the body; `reason`: what it stands in for. */
  head(length: number, reason: string): ResponseHead {
    const fields = this.#fields.slice()
    // A 205 has no body, but a client only knows it by the length (RFC 9110 §15.3.6).
    if (hasBody(this.#status) || this.#status === 205) fields.push('content-length', String(length))
    return new ResponseHead(this.#status, '', fields, length, 'fallback', reason)
  }
}

/** RFC 9110 §6.4.1. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304
}

/** A token that is not ours to write (RFC 9110 §5.6.2). */
function isField(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (!isTokenChar(name.charCodeAt(i))) return false
  for (const ours of OURS) if (nameIs(name, ours)) return false
  return name !== ''
}

function isTokenChar(code: number): boolean {
  return code > 32 && code < 127 && !'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(code))
}
