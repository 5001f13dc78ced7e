/** Every counter of the process. Routes come and go with reloads; what was counted under their names stays. */
import type { Reason } from '../core/errors.ts'
import type { RouteInfo } from '../core/exchange.ts'
import { HistogramTable } from './histogram.ts'
import { type Leaving, RouteRows, type RowTables } from './route-rows.ts'
import { RpcMethods } from './rpc-methods.ts'
import type { Direction, TelemetrySources } from './sources.ts'

/** Rows per histogram; each is 17 series, and all of them are written at every scrape. */
const MAX_ROWS = 2000
/** Routes that are told apart: reloads under ever new names must not grow without end. */
const MAX_ROUTES = 5000
const OVERFLOW = '_OTHER'

export class Registry implements RowTables {
  readonly server = new HistogramTable(MAX_ROWS)
  readonly client = new HistogramTable(MAX_ROWS)
  readonly rpcServer = new HistogramTable(MAX_ROWS)
  readonly rpcClient = new HistogramTable(MAX_ROWS)
  readonly bulkheadWait = new HistogramTable(MAX_ROWS)
  /** One row. */
  readonly loopDelay = new HistogramTable(1)
  readonly rpcMethods = new RpcMethods()
  readonly routes: Map<string, RouteRows> = new Map()
  /** Refusals of the codecs, by `direction reason`. */
  readonly refused: Map<string, number> = new Map()
  /** HTTP/2 peers that broke the rules, by `direction peer kind`. */
  readonly violations: Map<string, number> = new Map()
  /** Breaker transitions, by `destination scope from to`. */
  readonly transitions: Map<string, number> = new Map()
  /** The same of breakers in shadow mode. */
  readonly shadowTransitions: Map<string, number> = new Map()
  /** Endpoints that outlier ejected, and those it would have but for `maxEjected`, by `destination reason`. */
  readonly ejections: Map<string, number> = new Map()
  readonly ejectionsKept: Map<string, number> = new Map()
  /** Throws caught at a root, by where. */
  readonly defects: Map<string, number> = new Map()
  /** Bytes through tunnels: from clients and to clients, by direction. */
  readonly tunnelReceived: Record<Direction, number> = { inbound: 0, outbound: 0 }
  readonly tunnelSent: Record<Direction, number> = { inbound: 0, outbound: 0 }
  spansDropped = 0
  sources: TelemetrySources | undefined = undefined
  /** Bytes of routes that left while others of their destination stay: a sum may not go backwards. */
  readonly leftBytes: Map<string, LeftBytes> = new Map()
  /** Whoever adds up rows must not lose what leaves. */
  leaving: Leaving = () => {}
  readonly #idle: number
  readonly #unrouted: Record<Direction, RouteRows>
  #routesDropped = 0

  /** What nothing is counted in for `idle` ms leaves. */
  constructor(idle: number) {
    this.#idle = idle
    this.loopDelay.addRow()
    this.#unrouted = { inbound: this.#rows('inbound', '', ''), outbound: this.#rows('outbound', '', '') }
  }

  /** The rows of a route; `undefined` is what matched none. */
  rowsOf(route: RouteInfo | undefined, direction: Direction): RouteRows {
    if (route === undefined) return direction === 'inbound' ? this.#unrouted.inbound : this.#unrouted.outbound
    const rows = route.telemetry as RouteRows | undefined
    return rows === undefined || rows.gone ? this.#bind(route) : rows
  }

  /**
   * Rows and routes that are idle leave, so that what was seen once is not written for ever and the guard has room again.
   * What comes back begins at 0, which to Prometheus is a series that was away.
   */
  expire(now: number): void {
    const staying = new Set<string>()
    for (const [name, rows] of this.routes) {
      const leaves = rows.expire(now, this.#idle, this.leaving) && rows !== this.#unrouted[rows.direction]
      if (leaves) this.#leave(name, rows)
      else staying.add(destinationOf(rows))
    }
    for (const destination of this.leftBytes.keys()) {
      if (!staying.has(destination)) this.leftBytes.delete(destination)
    }
  }

  #leave(name: string, rows: RouteRows): void {
    rows.gone = true
    this.routes.delete(name)
    const { direction, service } = rows
    const left = this.leftBytes.get(destinationOf(rows)) ?? { direction, service, requestBytes: 0, responseBytes: 0 }
    left.requestBytes += rows.requestBytes
    left.responseBytes += rows.responseBytes
    this.leftBytes.set(destinationOf(rows), left)
  }

  refuse(reason: Reason, direction: Direction): void {
    count(this.refused, `${direction} ${reason}`)
  }

  /** Observations that found no series of their own. */
  get dropped(): number {
    const http = this.server.dropped + this.client.dropped
    const rpc = this.rpcServer.dropped + this.rpcClient.dropped
    return this.#routesDropped + http + rpc + this.bulkheadWait.dropped
  }

  /** Once per compiled route. */
  #bind(route: RouteInfo): RouteRows {
    const rows = this.#rows(route.direction, route.service, route.template)
    // Inbound the name is the Sidecar's own, and files that many sidecars share hold a Service of that name for those who call it.
    if (route.direction === 'outbound') rows.propagate = this.sources?.propagate(route.service) ?? 'all'
    route.telemetry = rows
    return rows
  }

  #rows(direction: Direction, service: string, template: string): RouteRows {
    const name = `${direction} ${service} ${template}`
    const known = this.routes.get(name)
    if (known !== undefined) return known
    if (this.routes.size >= MAX_ROUTES && template !== OVERFLOW) {
      this.#routesDropped++
      return this.#rows(direction, OVERFLOW, OVERFLOW)
    }
    const rows = new RouteRows(direction, service, template, this)
    this.routes.set(name, rows)
    return rows
  }
}

/** What is kept of routes that left, by destination. */
export interface LeftBytes {
  readonly direction: Direction
  readonly service: string
  requestBytes: number
  responseBytes: number
}

function destinationOf({ direction, service }: RouteRows): string {
  return `${direction} ${service}`
}

/** Adds 1 under a key: for what happens seldom. */
export function count(counters: Map<string, number>, key: string): void {
  counters.set(key, (counters.get(key) ?? 0) + 1)
}
