/** `{"t": 12.5, "method": "GET", "url": "http://inventory/x", "ms": 8, "status": 200}`: a trace from anywhere. */
import type { Entry } from './entry.ts'
import type { Fields } from './access-line.ts'

export function isSimpleLine(line: Fields): boolean {
  return 't' in line && 'url' in line
}

/** `t` in s since some beginning. A sentence where it is not to be used. */
export function readSimpleLine({ t, method, url, ms, status }: Fields): Entry | string {
  const [seconds, took, code] = [quantity(t), quantity(ms), status === undefined ? 200 : quantity(status)]
  if (!(seconds >= 0)) return 't must be a number of seconds'
  if (!(took >= 0)) return 'ms must be a number'
  if (!(code >= 200 && code <= 599)) return 'status must be between 200 and 599'
  const match = /^(?:http:\/\/([^/?#\s]+))?(\/\S*)?$/.exec(String(url))
  const [, authority = '', target = '/'] = match ?? []
  if (match === null || url === '') return 'url must be a path, or http:// with a service'
  const verb = method === undefined || method === '' ? 'GET' : String(method)
  if (!/^[A-Z][A-Z-]*$/.test(verb)) return 'method must be one such as GET'
  return {
    time: seconds * 1000,
    direction: authority === '' ? 'inbound' : 'outbound',
    method: verb,
    target,
    authority: authority === '' ? 'application' : authority,
    service: authority.replace(/:[0-9]+$/, ''),
    peer: '127.0.0.1',
    bodyBytes: 0,
    grpc: false,
    patience: Number.POSITIVE_INFINITY,
    attempts: [{ outcome: 'answer', ms: took, status: code, grpcStatus: -1, endpoint: '' }],
  }
}

function quantity(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}
