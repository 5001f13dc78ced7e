/** What is simulated: who asks, when, and what upstreams do. A model and a trace both come to this. */
import type { Headers } from '../core/headers.ts'

/** How a caller behaves towards the sidecar. All in ms; Infinity: without a bound. */
export interface CallerSettings {
  /** After which it gives up for good. */
  readonly patience: number
  /** For each of its own tries. */
  readonly timeout: number
  /** Tries at most, the first included. An answer is an answer: only silence and broken connections are tried again. */
  readonly attempts: number
  /** Wait before try n + 1: `base` · `growth`ⁿ, at most `max`. */
  readonly backoff: { readonly base: number; readonly max: number; readonly growth: number }
}

/** One request, as it reaches a listener. */
export interface Asked {
  readonly direction: 'inbound' | 'outbound'
  readonly method: string
  /** Origin-form. */
  readonly target: string
  readonly authority: string
  readonly headers: Headers
  readonly bodyBytes: number
  readonly grpc: boolean
  /** Where it comes from, without port. */
  readonly peer: string
  readonly caller: CallerSettings
}

/** One request of the timetable. */
export interface Arrival {
  /** ms after the start. */
  readonly at: number
  /** Index of its stream. */
  readonly stream: number
  /** How many of its stream came before it. */
  readonly index: number
  readonly asked: Asked
}

/** Which question of the workload an attempt belongs to; with the attempt's number it is what the dice are cast for. */
export interface Origin {
  readonly stream: number
  readonly index: number
  /** 0: the client's own; n: the nth call that the application makes for it. */
  readonly nested: number
  /** Of a nested call: which arrival of the client's request at the application it was made for; 0: the first. */
  readonly round: number
  /** The caller's own try, from 1. */
  readonly attempt: number
}

/**
 * What an upstream does with one attempt.
 * `reset`: breaks the connection after `after` ms. `refuse`: takes none. `silent`: takes the request and never answers.
 * `blackhole`: not even a connection comes about.
 */
export interface Plan {
  readonly outcome: 'answer' | 'reset' | 'refuse' | 'silent' | 'blackhole'
  /** ms of work. */
  readonly after: number
  readonly status: number
  /** Of a gRPC call; -1 otherwise. */
  readonly grpcStatus: number
}

/** One attempt as it arrives. */
export interface Attempted {
  /** The Service's name; '' is our own application. */
  readonly service: string
  /** `host:port`. */
  readonly endpoint: string
  /** undefined: a request that nobody of the workload asked, such as a policy's own. */
  readonly origin: Origin | undefined
  /** Which attempt of the sidecar it is, from 1. */
  readonly number: number
  /** Sent by a fallback to a service that the request was not for. */
  readonly elsewhere: boolean
  readonly grpc: boolean
  readonly now: number
}

/** A call that the application makes through the outbound listener before it answers. */
export interface Nested {
  /** Empty: every method. */
  readonly methods: readonly string[]
  readonly asked: (index: number) => Asked
}

/** What one instance of an upstream has. */
export interface ServerSettings {
  /** Requests at once; Infinity. */
  readonly slots: number
  /** Requests that may wait for a slot; more are refused. */
  readonly queue: number
  /** It stops working for a client that has left; a servlet does not. */
  readonly noticesLeaving: boolean
  readonly calls: readonly Nested[]
}

export interface Phase {
  readonly name: string
  /** ms after the start. */
  readonly until: number
}

export interface Workload {
  readonly name: string
  readonly seed: number
  /** Wall time of the moment 0, ms since 1970. */
  readonly start: number
  /** ms; the last request comes before it. */
  readonly duration: number
  /** Together they cover `duration`; the last ends with it or later. */
  readonly phases: readonly Phase[]
  readonly streams: readonly string[]
  /** In order of time; each call begins anew. */
  arrivals(): Iterator<Arrival>
  /** '' is our own application. */
  server(service: string): ServerSettings
  plan(attempted: Attempted): Plan
  /** What a reader of the result has to know, in sentences. */
  readonly notes: readonly string[]
}

export const NO_HURRY: CallerSettings = {
  patience: Number.POSITIVE_INFINITY,
  timeout: Number.POSITIVE_INFINITY,
  attempts: 1,
  backoff: { base: 0, max: 0, growth: 1 },
}

/** As much as comes at once, for as long as it takes. */
export const UNLIMITED: ServerSettings = {
  slots: Number.POSITIVE_INFINITY,
  queue: Number.POSITIVE_INFINITY,
  noticesLeaving: true,
  calls: [],
}
