/**
 * What the processes of the story say to each other, one JSON object a line. Both clients and both servers do as they are
 * told and judge nothing: the story is told once, in steps*.ts, whatever library speaks.
 */

export type Method = 'CreateOrder' | 'GetOrder' | 'GetUserOrders' | 'BatchCreateOrders' | 'SyncOrders' | 'Unheard'

/** Metadata by name, every value in order; a name that ends in `-bin` has its bytes in base64. */
export type Fields = Readonly<Record<string, readonly string[]>>

/** What a server does with a call; it travels as JSON in the metadatum `x-do`. */
export interface Do {
  /** Ends so many attempts of this call, or all of them, with that status. */
  readonly fail?: number
  readonly times?: number
  /** false: sends no head before there is a message, so that a failure without one is a single head. */
  readonly head?: boolean
  /** Keeps an answer back for so long, in ms, or until the call is cancelled. */
  readonly hold?: number
  /** Messages sent before anything is read, in place of echoes; of GetUserOrders, all there are. */
  readonly greet?: number
  /** Bytes in each of them. */
  readonly size?: number
  /** Answers nothing before the client has ended its side. */
  readonly wait?: boolean
  /** Ends the call behind so many messages of the client. */
  readonly end?: number
  /** Reads slowly: stops for so many ms at every MiB, and at the first for a hundred times as long. */
  readonly pause?: number
}

/** One call, for a client to make. */
export interface Spec {
  readonly id: string
  readonly method: Method
  /** The name of the service, by which the sidecar finds it. */
  readonly to: string
  readonly metadata: Fields
  /** Messages it sends, and bytes in each. */
  readonly send: number
  readonly size: number
  /** Sends the next one when an answer to the last has come. */
  readonly turns: boolean
  /** Ends its side when so many messages have come; 0: behind its last; -1: never. */
  readonly endAfter: number
  /** ms; 0 for none. */
  readonly deadline: number
  /** Cancels so many ms after the start; 0: never. */
  readonly cancel: number
  /** Reads slowly: stops for so many ms at every MiB, and at the first for a hundred times as long. */
  readonly pause: number
}

/** What a client saw of a call. */
export interface Result {
  readonly id: string
  readonly code: number
  readonly details: string
  readonly received: number
  readonly bytes: number
  /** Every message came in its order. */
  readonly ordered: boolean
  /** `number` of the last message. */
  readonly last: number
  readonly head: Fields
  readonly trailers: Fields
  readonly ms: number
  /** Wall clock, ms with fractions; 0: never cancelled. */
  readonly cancelledAt: number
}

/** What a server saw: a call that came, one that was cancelled while it was held, or all that a client sent. */
export interface Seen {
  readonly event: 'call' | 'cancelled' | 'read'
  readonly id: string
  readonly at: number
  readonly received: number
  readonly bytes: number
  readonly ordered: boolean
  readonly metadata: Fields
}

/** A call with what is said of it; what is not, is 0. */
export function spec(id: string, method: Method, rest: Partial<Spec> & { readonly does?: Do } = {}): Spec {
  const { does = {}, metadata = {}, ...said } = rest
  return {
    ...{ id, method, to: 'orders', send: 1, size: 10, turns: false, endAfter: 0, deadline: 0, cancel: 0, pause: 0 },
    ...said,
    metadata: { ...metadata, 'x-call': [id], 'x-do': [JSON.stringify(does)] },
  }
}
