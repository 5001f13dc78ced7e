/** What the admin listener is told by the rest of the process. */
import type { Forceable } from '../core/events.ts'
import type { Ended, Frame } from './page/live/frame.ts'
import type { EndListener, MetricsText } from '../telemetry/index.ts'

export interface Explained {
  readonly status: number
  /** Answered as JSON, but for a string, which is for people. */
  readonly body: unknown
}

export interface AdminSource {
  /** The process answers at all. */
  live(): boolean
  /** Takes traffic: started, and not draining. */
  ready(): boolean
  /** Every listener is bound. */
  started(): boolean
  /** The exposition in the format that `accept` asks for; '' where the field was absent. */
  metrics(accept: string): Promise<MetricsText>
  /** The effective configuration as JSON, secrets left out, with the report of the last reload. */
  config(): unknown
  /** `{breakers, bulkheads, budgets, endpoints, drain, uptime …}` as JSON. */
  state(): unknown
  /** The same with what was counted of each service, as `GET /events` tells it. */
  frame(): Frame
  /** Exchanges that were not plain, but for the first `seen` of them. */
  ended(seen: number): Ended
  /** Tells `listener` of every exchange that ends, until what it returns is called. */
  tap(listener: EndListener): () => void
  /** `--page-paths` is set. */
  readonly paths: boolean
  /** What the command `explain` says, of the configuration in force. */
  explain(query: URLSearchParams): Explained
  /** The application's own probe `CONTAINER/KIND`, asked for the kubelet; undefined: the injector gave us none of that name. */
  appHealth(name: string): Promise<{ readonly passed: boolean; readonly why: string } | undefined>
  /** Not ready any more, and clients are sent away; everything is still taken. */
  announce(): void
  /** Stops taking traffic; does not exit. */
  drain(): void
  /** Drains, then exits. */
  quit(): void
  breaker(id: string): Forceable | undefined
}
