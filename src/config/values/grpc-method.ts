/** `match.routes[].grpc`: a method by its full name, or every method of a service. */
import { type Parsed, parsed, unreadable } from './parsed.ts'

const MUST = 'a gRPC method such as shop.Inventory/Reserve, or all of a service: shop.Inventory/*'

const WORD = '[A-Za-z_][A-Za-z0-9_]*'
const METHOD = new RegExp(`^${WORD}(?:\\.${WORD})*/(?:${WORD}|\\*)$`)
const SERVICE = new RegExp(`^${WORD}(?:\\.${WORD})*$`)

export function parseGrpcMethod(text: string): Parsed<string> {
  if (METHOD.test(text)) return parsed(text)
  if (text.startsWith('/') && METHOD.test(text.slice(1))) {
    return unreadable(MUST, `it begins with the package: write ${text.slice(1)}`)
  }
  return unreadable(MUST, SERVICE.test(text) ? `write ${text}/* for all its methods` : '')
}
