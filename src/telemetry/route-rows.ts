/** What is counted for one route. `RouteInfo.telemetry` holds it, so that a request reaches its rows by one field. */
import { RETRY_SKIPS } from '../core/events.ts'
import { ENDINGS } from './ended/outcome.ts'
import { asciiJson, flat } from './flat.ts'
import { type HistogramTable, NO_ROW } from './histogram.ts'
import { ATTEMPT_KINDS, OUTCOMES } from './labels.ts'
import type { Direction } from './sources.ts'

/** Rows of one histogram, by `rowKey` or `rpcKey`. Traffic repeats itself, so the last key is tried before the map. */
export class KeyedRows {
  readonly #table: HistogramTable
  readonly rows: Map<number, number>
  /** There was an observation. */
  used: boolean
  #lastKey: number
  #lastRow: number

  constructor(table: HistogramTable) {
    this.#table = table
    this.rows = new Map()
    this.used = false
    this.#lastKey = -1
    this.#lastRow = NO_ROW
  }

  observe(key: number, ms: number): void {
    if (key !== this.#lastKey) this.#find(key)
    this.#table.observe(this.#lastRow, ms)
  }

  /** Right after `observe` of the same: it belonged to that trace. `at` in ms since 1970. */
  exemplify(ms: number, traceId: string, at: number): void {
    this.#table.exemplify(this.#lastRow, ms, traceId, at)
  }

  #find(key: number): void {
    this.used = true
    let row = this.rows.get(key)
    if (row === undefined) {
      row = this.#table.addRow()
      if (row !== NO_ROW) this.rows.set(key, row)
    }
    // What found no row asks again: rows become free.
    this.#lastKey = row === NO_ROW ? -1 : key
    this.#lastRow = row
  }

  /** Gives up the rows in which nothing was observed for `idle` ms, each of which `leaving` hears of before. */
  expire(now: number, idle: number, leaving: (key: number, row: number) => void): void {
    for (const [key, row] of this.rows) {
      if (!this.#table.isIdle(row, now, idle)) continue
      leaving(key, row)
      this.#table.free(row)
      this.rows.delete(key)
      if (key === this.#lastKey) this.#lastKey = -1
    }
  }
}

/** Is told of a histogram row that is about to be given up. */
export type Leaving = (rows: RouteRows, keyed: KeyedRows, key: number, row: number) => void

export class RouteRows {
  readonly direction: Direction
  readonly service: string
  /** '' for what matched no route. */
  readonly template: string
  /** The part of an access log line that is the same for every request of this route. */
  readonly logPart: string
  /** `propagate` of the Service. */
  propagate: 'all' | 'trace' | 'none'
  active: number
  /** Attempts under way: a service that only fallbacks ask has no exchanges of its own. */
  attempting: number
  /** Exchanges and attempts that began, and what policies reported. */
  uses: number
  /** It left the registry, because nothing was counted in it for long: whoever holds it asks for another. */
  gone: boolean
  readonly server: KeyedRows
  readonly client: KeyedRows
  /** Of gRPC calls, by `rpcKey`. */
  readonly rpcServer: KeyedRows
  readonly rpcClient: KeyedRows
  readonly bulkheadWait: KeyedRows
  /** By `kindIndex × OUTCOMES.length + outcomeIndex`. */
  readonly attempts: Float64Array
  /** By place in RETRY_SKIPS. */
  readonly retrySkipped: Float64Array
  /** By reason. */
  readonly bulkheadRejected: Map<string, number>
  /** By `kind reason`. */
  readonly fallbacks: Map<string, number>
  /** By `block decision mode`. */
  readonly decisions: Map<string, number>
  /** Exchanges that were not plain, by place in ENDINGS. */
  readonly endings: Float64Array
  requestBytes: number
  responseBytes: number
  /** For `expire`. */
  #seenUses: number
  #changedAt: number

  constructor(direction: Direction, service: string, template: string, tables: RowTables) {
    this.direction = direction
    this.service = service
    this.template = template
    this.logPart = flat(`,"route":${asciiJson(template)},"service":${asciiJson(service)}`)
    this.propagate = 'all'
    this.active = 0
    this.attempting = 0
    this.uses = 0
    this.gone = false
    this.server = new KeyedRows(tables.server)
    this.client = new KeyedRows(tables.client)
    this.rpcServer = new KeyedRows(tables.rpcServer)
    this.rpcClient = new KeyedRows(tables.rpcClient)
    this.bulkheadWait = new KeyedRows(tables.bulkheadWait)
    this.attempts = new Float64Array(ATTEMPT_KINDS.length * OUTCOMES.length)
    this.retrySkipped = new Float64Array(RETRY_SKIPS.length)
    this.bulkheadRejected = new Map()
    this.fallbacks = new Map()
    this.decisions = new Map()
    this.endings = new Float64Array(ENDINGS.length)
    this.requestBytes = 0
    this.responseBytes = 0
    // The first look sees a change, whatever there is.
    this.#seenUses = -1
    this.#changedAt = 0
  }

  /** Gives up histogram rows that are idle; true where the whole route is: nothing for `idle` ms, and nothing under way. */
  expire(now: number, idle: number, leaving: Leaving): boolean {
    let rows = 0
    for (const keyed of [this.server, this.client, this.rpcServer, this.rpcClient, this.bulkheadWait]) {
      keyed.expire(now, idle, (key, row) => leaving(this, keyed, key, row))
      rows += keyed.rows.size
    }
    if (this.active > 0 || this.attempting > 0 || this.uses !== this.#seenUses) {
      this.#seenUses = this.uses
      this.#changedAt = now
      return false
    }
    return rows === 0 && now - this.#changedAt >= idle
  }

  /** There were gRPC calls. */
  get hasCalls(): boolean {
    return this.rpcServer.used
  }
}

export interface RowTables {
  readonly server: HistogramTable
  readonly client: HistogramTable
  readonly rpcServer: HistogramTable
  readonly rpcClient: HistogramTable
  readonly bulkheadWait: HistogramTable
}
