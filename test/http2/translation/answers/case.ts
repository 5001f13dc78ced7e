/** What a case is: one answer of a hostile upstream, and what its client must then have seen. */
import type { Version } from '../clients.ts'
import type { Seen } from '../message.ts'

export interface Want extends Partial<Seen> {
  /** Statuses of the interim answers. */
  readonly informational?: readonly number[]
}

export interface Case {
  readonly name: string
  readonly method: 'GET' | 'HEAD'
  /** The answer's bytes; for HTTP/2 on stream `id`. */
  bytes(id: number): Buffer
  /** What comes behind them on the connection. */
  readonly behind: 'stay' | 'fin' | 'reset'
  /**
   * `forward`: it arrives whole, as `want` says. `refuse`: the client gets a 502 in its place. `break`: its head was passed
   * on, and then it broke off in a way that nobody takes for its end.
   */
  readonly verdict: 'forward' | 'refuse' | 'break'
  readonly want?: Want
  /** Towards clients of this version alone; the other has other words for it. */
  readonly only?: Version
  /** Where HTTP/1.1 cannot say the same. */
  readonly wantHttp1?: Want
}
