/** The question a route entry asks of a request. */
import type { Headers } from '../core/headers.ts'
import { nameIs } from '../core/headers.ts'
import { PathPattern } from './pattern.ts'
import type { StatedRoute } from './stated.ts'

/** Path, methods and headers, which must all hold. */
export class RequestTest {
  /** Undefined: every path. */
  readonly pattern: PathPattern | undefined
  /** Empty: every method. Methods are case-sensitive (RFC 9110 §9.1). */
  readonly methods: readonly string[]
  /** Flat, names in lower case, sorted by name. */
  readonly headers: readonly string[]
  /** Equal for tests that ask the same. */
  readonly key: string

  constructor(route: StatedRoute) {
    const headers = route.headers.toSorted((a, b) => (a[0] < b[0] ? -1 : 1))
    this.pattern = route.path === undefined ? undefined : new PathPattern(route.path)
    this.methods = route.methods
    this.headers = headers.flat()
    this.key = JSON.stringify([route.path, route.methods.toSorted(), headers])
  }

  /** `path` in normal form. */
  matches(method: string, path: string, headers: Headers): boolean {
    if (this.pattern !== undefined && !this.pattern.matches(path)) return false
    if (this.methods.length !== 0 && !this.methods.includes(method)) return false
    const wanted = this.headers
    for (let i = 0; i < wanted.length; i += 2) {
      if (!holdsOnce(headers, wanted[i] as string, wanted[i + 1] as string)) return false
    }
    return true
  }
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
