/** What every head in the contract keeps, whoever made it. */
import type { RequestHead, ResponseHead } from '../../src/core/exchange.ts'
import type { Headers } from '../../src/core/headers.ts'

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding']

function fieldProblems(headers: Headers, forbidden: readonly string[], bodyLength: number): string[] {
  const found: string[] = []
  if (headers.length % 2 !== 0) found.push('the field list has an odd length')
  const lengths: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) found.push(`the field name ${JSON.stringify(name)} is no token`)
    if (/[\0\r\n]/.test(value)) found.push(`${name} holds a line end or NUL`)
    if (forbidden.includes(name.toLowerCase())) found.push(`${name} is among the end-to-end fields`)
    if (name.toLowerCase() === 'content-length') lengths.push(value)
  }
  if (lengths.length > 1) found.push('more than one Content-Length')
  if (lengths.length === 1 && Number(lengths[0]) !== bodyLength) {
    found.push(`Content-Length ${lengths[0]} beside bodyLength ${bodyLength}`)
  }
  return found
}

export function requestProblems(head: RequestHead): string[] {
  const found = fieldProblems(head.headers, [...HOP_BY_HOP, 'upgrade', 'host'], head.bodyLength)
  if (head.method === '') found.push('no method')
  if (head.target === '') found.push('no target')
  if (!Number.isInteger(head.bodyLength) || head.bodyLength < -1) found.push(`bodyLength ${head.bodyLength}`)
  return found
}

export function responseProblems(head: ResponseHead): string[] {
  const found = fieldProblems(head.headers, HOP_BY_HOP, head.bodyLength)
  if (!Number.isInteger(head.status) || head.status < 100 || head.status > 999) found.push(`status ${head.status}`)
  if (!Number.isInteger(head.bodyLength) || head.bodyLength < -1) found.push(`bodyLength ${head.bodyLength}`)
  if (/[\0\r\n]/.test(head.reasonPhrase)) found.push('a reason phrase with a line end or NUL')
  return found
}

/** Whether an answer's body must be as long as its head says (RFC 9110 §6.4.1). */
export function bodyFollows(request: RequestHead, head: ResponseHead): boolean {
  if (request.method === 'HEAD' || head.status === 204 || head.status === 304) return false
  return !(head.status === 101 || (request.method === 'CONNECT' && head.status >= 200 && head.status <= 299))
}
