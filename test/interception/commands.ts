/** What a test tells its agents in namespaces, and what they tell back. */

export type ServerKind = 'http' | 'banner' | 'echo' | 'count' | 'silent' | 'reset'

export type Command =
  /** Whatever is being asked is answered with what came so far. */
  | { readonly do: 'finish' }
  | { readonly do: 'listen'; readonly port: number; readonly host: string; readonly kind: ServerKind }
  | {
      readonly do: 'ask'
      readonly host: string
      readonly port: number
      /** Latin1, so many times in a row. */
      readonly send: string
      readonly times: number
      /** The connection is given up once this came; '': it is read to its end. */
      readonly until: string
      /** It is sent again for each answer that comes, so often. */
      readonly again: number
      /** FIN behind what was sent. */
      readonly end: boolean
      /** ms. */
      readonly patience: number
    }

export interface Heard {
  readonly text: string
  /** Node's code, or ''. */
  readonly error: string
  /** The other side ended it. */
  readonly ended: boolean
  /** ms; -1: none came. */
  readonly firstByteMs: number
  readonly ms: number
}
