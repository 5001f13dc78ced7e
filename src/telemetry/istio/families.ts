/** Istio's standard metrics, made at a scrape of what is counted anyway: for dashboards and alerts that exist. */
// cold file: runs once per scrape
import { counter, type Family, type Labels, type Sample, Sums, sample } from '../families/family.ts'
import { BOUNDS, type HistogramTable } from '../histogram.ts'
import { methodIndex, reasonName, splitKey } from '../labels.ts'
import type { LeftBytes, Registry } from '../registry.ts'
import type { KeyedRows, RouteRows } from '../route-rows.ts'
import { splitRpcKey } from '../rpc-status.ts'
import { responseFlags } from './flags.ts'
import { type Destination, istioLabels, type Self, type Told } from './labels.ts'
import { type Total, Totals } from './totals.ts'

const POST = methodIndex('POST')
/** Of `protocolIndex`. */
const HTTP2 = 2

export function istioFamilies(registry: Registry, self: Self): Family[] {
  const istio = new Istio(registry, self)
  registry.leaving = (rows, keyed, key, row) => istio.leave(rows, keyed, key, row)
  return [
    counter('istio_requests_total', "Requests, by Istio's labels.", () => istio.requests()),
    distribution('istio_request_duration_milliseconds', "Duration of requests in ms, by Istio's labels.", () =>
      istio.durations(),
    ),
    distribution('istio_request_bytes', 'Bytes of request bodies: sum and count, no buckets.', () =>
      istio.bytes((it) => it.requestBytes),
    ),
    distribution('istio_response_bytes', 'Bytes of response bodies: sum and count, no buckets.', () =>
      istio.bytes((it) => it.responseBytes),
    ),
  ]
}

function distribution(name: string, help: string, samples: () => Sample[]): Family {
  return { name, help, type: 'histogram', samples }
}

class Istio {
  readonly #registry: Registry
  readonly #self: Self
  readonly #totals = new Totals<Labels>()

  constructor(registry: Registry, self: Self) {
    this.#registry = registry
    this.#self = self
  }

  leave(rows: RouteRows, keyed: KeyedRows, key: number, row: number): void {
    const labels = this.#labelsOf(rows, keyed, key)
    if (labels !== undefined) this.#totals.leave(nameOf(labels), this.#tableOf(rows, keyed), row)
  }

  requests(): Sample[] {
    return this.#read().map(({ key, total }) => sample(countOf(total), key))
  }

  durations(): Sample[] {
    return this.#read().flatMap(({ key, total }) => [
      ...BOUNDS.map((bound, i) => sample(total.cumulative[i] as number, key, '_bucket', String(bound * 1000))),
      ...ends(key, total.sum * 1000, countOf(total)),
    ])
  }

  bytes(of: (it: LeftBytes) => number): Sample[] {
    const counts = new Sums()
    const sums = new Map<string, number>()
    const service = ({ destination_service_name: name = '', reporter = '' }: Labels) => `${reporter} ${name}`
    for (const rows of [...this.#registry.routes.values(), ...this.#registry.leftBytes.values()]) {
      const key = service(this.#destination(rows))
      sums.set(key, (sums.get(key) ?? 0) + of(rows))
    }
    for (const { key, total } of this.#read()) {
      const { request_protocol, response_code, response_flags, grpc_response_status, ...labels } = key
      const { connection_security_policy, ...wanted } = labels
      counts.add(wanted, countOf(total))
    }
    return counts.samples().flatMap(({ labels, value }) => ends(labels, sums.get(service(labels)) ?? 0, value))
  }

  #read(): { key: Labels; total: Total }[] {
    this.#totals.clear()
    for (const rows of this.#registry.routes.values()) {
      for (const keyed of [rows.server, rows.rpcServer]) {
        for (const [key, row] of keyed.rows) {
          const labels = this.#labelsOf(rows, keyed, key)
          if (labels !== undefined) this.#totals.count(nameOf(labels), labels, this.#tableOf(rows, keyed), row)
        }
      }
    }
    return this.#totals.read()
  }

  /** undefined: of no interest, or told by another row. */
  #labelsOf(rows: RouteRows, keyed: KeyedRows, key: number): Labels | undefined {
    const told = keyed === rows.rpcServer ? call(key) : keyed === rows.server ? exchange(rows, key) : undefined
    return told && istioLabels(this.#self, rows, this.#hosts(rows.service), told)
  }

  #destination(rows: Destination): Labels {
    return istioLabels(this.#self, rows, this.#hosts(rows.service), undefined)
  }

  #hosts(service: string): readonly string[] {
    return this.#registry.sources?.hosts?.(service) ?? []
  }

  #tableOf(rows: RouteRows, keyed: KeyedRows): HistogramTable {
    return keyed === rows.server ? this.#registry.server : this.#registry.rpcServer
  }
}

/** gRPC calls are counted as exchanges, too: on a route that has calls, POST over HTTP/2 is taken for one. */
function exchange(rows: RouteRows, key: number): Told | undefined {
  const { status, method, reason, protocol, https } = splitKey(key)
  if (rows.hasCalls && method === POST && protocol === HTTP2) return undefined
  const flags = responseFlags(reasonName(reason))
  return { protocol: 'http', code: String(status), flags, grpcStatus: '', plain: https === 0 }
}

/** A call that broke off before its head has a status all the same, which its client gives it. */
function call(key: number): Told {
  const { code, reason } = splitRpcKey(key)
  const flags = responseFlags(reasonName(reason))
  return { protocol: 'grpc', code: flags === 'DC' ? '0' : '200', flags, grpcStatus: String(code), plain: false }
}

function nameOf(labels: Labels): string {
  return Object.values(labels).join('\n')
}

function countOf({ cumulative }: Total): number {
  return cumulative[BOUNDS.length] as number
}

function ends(labels: Labels, sum: number, count: number): Sample[] {
  return [sample(count, labels, '_bucket', '+Inf'), sample(sum, labels, '_sum'), sample(count, labels, '_count')]
}
