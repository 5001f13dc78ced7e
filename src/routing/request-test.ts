/** The question a route entry asks of a request. */
import { hasGrpcType } from '../core/grpc.ts'
import type { Headers } from '../core/headers.ts'
import { nameIs } from '../core/headers.ts'
import { PathPattern } from '../core/path-pattern.ts'
import { canonicalHost, isHost } from './host-test.ts'
import type { StatedRoute } from './stated.ts'

/** Every gRPC call is one (grpc/doc/PROTOCOL-HTTP2.md). */
const GRPC_METHODS = ['POST']

/** Path, methods and headers, which must all hold; or a gRPC method, which is a path, POST and the content type. */
export class RequestTest {
  /** Undefined: every path. */
  readonly pattern: PathPattern | undefined
  /** Empty: every method. Methods are case-sensitive (RFC 9110 §9.1). */
  readonly methods: readonly string[]
  /** Flat, names in lower case, sorted by name; the host is one of them. */
  readonly headers: readonly string[]
  /** The content type must be gRPC's. */
  readonly grpc: boolean
  /** Equal for tests that ask the same. */
  readonly key: string
  /** Of `headers`, those that stand among a request's fields. */
  readonly #fields: readonly string[]
  /** The one that does not; '': every host. */
  readonly #host: string

  constructor(route: StatedRoute) {
    const named = route.headers.map(([name, value]) => [name, name === 'host' ? canonicalHost(value) : value] as const)
    const headers = named.toSorted((a, b) => (a[0] < b[0] ? -1 : 1))
    const { path, grpc } = route
    this.grpc = grpc !== undefined
    this.pattern = patternOf(path, grpc)
    this.methods = grpc === undefined ? route.methods : GRPC_METHODS
    this.headers = headers.flat()
    this.key = JSON.stringify([path, grpc, route.methods.toSorted(), headers])
    this.#fields = headers.filter(([name]) => name !== 'host').flat()
    this.#host = headers.find(([name]) => name === 'host')?.[1] ?? ''
  }

  /** `path` in normal form; `authority` as it came, '' where none did. */
  matches(method: string, path: string, headers: Headers, authority: string): boolean {
    if (this.pattern !== undefined && !this.pattern.matches(path)) return false
    if (this.methods.length !== 0 && !this.methods.includes(method)) return false
    if (this.grpc && !hasGrpcType(headers)) return false
    if (this.#host !== '' && !isHost(this.#host, authority)) return false
    const wanted = this.#fields
    for (let i = 0; i < wanted.length; i += 2) {
      if (!holdsOnce(headers, wanted[i] as string, wanted[i + 1] as string)) return false
    }
    return true
  }
}

function patternOf(path: string | undefined, grpc: string | undefined): PathPattern | undefined {
  if (grpc !== undefined) return new PathPattern(`/${grpc}`, grpc)
  return path === undefined ? undefined : new PathPattern(path)
}

/** The field stands there with this value and no second time: two values are a list (RFC 9110 §5.3), another value. */
function holdsOnce(headers: Headers, name: string, value: string): boolean {
  let found = false
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, name)) continue
    if (found || headers[i + 1] !== value) return false
    found = true
  }
  return found
}
