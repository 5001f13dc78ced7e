/** What is asked of `explain`, by flags or by the query of `/explain`: one reading of both, so that they answer alike. */
import type { Query } from './report.ts'

/** As it was given; undefined: not at all. */
export interface Asked {
  readonly url: string | undefined
  readonly service: string | undefined
  readonly method: string | undefined
  readonly inbound: boolean | undefined
  /** `NAME: VALUE` each. */
  readonly headers: readonly string[]
  readonly port: string | undefined
  readonly format: string | undefined
}

export interface Question {
  readonly query: Query
  readonly format: 'text' | 'json'
}

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const PORT = /^[0-9]{1,5}$/

/** A sentence where it means nothing. `name` is how a field is written there: `--url`, or `url`. */
export function readQuestion(
  asked: Asked,
  usual: Question['format'],
  name: (field: string) => string,
): Question | string {
  const { url, service, format = usual, method = 'GET' } = asked
  const isPath = url?.startsWith('/') === true
  // A path without a host can only have come to us.
  const inbound = asked.inbound ?? (isPath && service === undefined)
  if (url === undefined && service === undefined && !inbound) return `name a ${name('url')} or a ${name('service')}`
  if (inbound && service !== undefined) {
    return `${name('service')} is for outbound requests; inbound has one application`
  }
  if (url !== undefined && service !== undefined && !isPath) {
    return `name a ${name('url')} or a ${name('service')}, not both, unless the URL is a path alone`
  }
  if (format !== 'text' && format !== 'json') return `${name('format')} must be text or json, found '${format}'`
  if (!METHOD.test(method)) return `${name('method')} must be a method such as GET, found '${method}'`
  const port = portOf(asked, inbound, name('port'))
  if (typeof port === 'string') return port
  const headers = fieldsOf(asked.headers, name('header'))
  if (typeof headers === 'string') return headers
  const direction = inbound ? 'inbound' : 'outbound'
  return { query: { direction, url, service, method: method.toUpperCase(), headers, port }, format }
}

function portOf({ port }: Asked, inbound: boolean, name: string): number | undefined | string {
  if (port === undefined) return undefined
  if (!PORT.test(port) || Number(port) < 1 || Number(port) > 65_535) return `${name} must be a port, found '${port}'`
  return inbound ? Number(port) : `${name} is the application's, so for inbound requests only`
}

function fieldsOf(texts: readonly string[], name: string): string[] | string {
  const fields: string[] = []
  for (const text of texts) {
    const colon = text.indexOf(':')
    const field = text.slice(0, Math.max(0, colon)).trim()
    if (field === '') return `${name} must be NAME: VALUE, found '${text}'`
    fields.push(field, text.slice(colon + 1).trim())
  }
  return fields
}
