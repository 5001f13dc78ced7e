/** The field `grpc-previous-rpc-attempts` (gRFC A6): how often this call was tried before, by its client and by us. */
import type { RequestHead } from './exchange.ts'
import { get, without } from './headers.ts'

const FIELD = 'grpc-previous-rpc-attempts'
/** Beyond that nobody counts. */
const MOST_DIGITS = 6

/** The head with what its client said of its own attempts, and ours added. */
export function withPreviousAttempts(request: RequestHead, retries: number): RequestHead {
  const headers = without(request.headers, FIELD)
  headers.push(FIELD, String(told(get(request.headers, FIELD)) + retries))
  return request.withHeaders(headers)
}

function told(value: string | undefined): number {
  if (value === undefined || value.length > MOST_DIGITS) return 0
  let count = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return 0
    count = count * 10 + digit
  }
  return count
}
