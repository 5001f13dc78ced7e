/** Names of gRPC methods as labels. What clients ask for has no bound; what is counted under its own name has. */

/** Every other method. */
export const OTHER_RPC = '_OTHER'

/** Methods beside those that routes name. */
const MOST = 500

export class RpcMethods {
  /** By index; the first is OTHER_RPC. */
  readonly names: string[]
  readonly #indexes: Map<string, number>
  #learned: number
  /** Calls repeat themselves, so the last path is tried before the map. */
  #lastPath: string
  #last: number

  constructor() {
    this.names = [OTHER_RPC]
    this.#indexes = new Map()
    this.#learned = 0
    this.#lastPath = ''
    this.#last = 0
  }

  /**
   * The place of `/pkg.Service/Method` among `names`. A name that is new is kept where a route says it (`template`), or
   * where `exists`: a server of gRPC has answered, and not that it knows no such method. So nobody fills the table with what does
   * not exist.
   */
  indexOf(path: string, template: string, exists: boolean): number {
    if (path === this.#lastPath) return this.#last
    const known = this.#indexes.get(path) ?? this.#learn(path, template, exists)
    if (known > 0) {
      this.#lastPath = path
      this.#last = known
    }
    return known
  }

  #learn(path: string, template: string, exists: boolean): number {
    const named = template.length === path.length - 1 && path.endsWith(template)
    if (!named) {
      if (!exists || this.#learned === MOST || !isMethod(path)) return 0
      this.#learned++
    }
    const index = this.names.push(path.slice(1)) - 1
    this.#indexes.set(path, index)
    return index
  }
}

/** Longest name that is a label, in characters. */
const LONGEST = 200

/** A slash, a service of letters, digits, `_` and dots, a slash, a method of letters, digits and `_`. */
function isMethod(path: string): boolean {
  const slash = path.lastIndexOf('/')
  if (path.length > LONGEST || slash < 2 || slash === path.length - 1 || path.charCodeAt(0) !== 47) return false
  for (let i = 1; i < path.length; i++) {
    if (i !== slash && !isNamePart(path.charCodeAt(i)) && (path.charCodeAt(i) !== 46 || i > slash)) return false
  }
  return true
}

function isNamePart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
}
