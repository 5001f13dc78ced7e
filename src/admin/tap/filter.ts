/** Which exchanges a tap is told of: looked at before anything is made of them. */
import { type Direction, type End, tookOf } from '../../telemetry/index.ts'

/** Statuses from `least` to `most`, or a status of gRPC. */
export interface StatusRange {
  readonly least: number
  readonly most: number
  /** -1: the range is one of HTTP. */
  readonly grpc: number
}

/** What is not stated holds for every exchange; of a list one has to fit, of the fields all. */
export interface TapFilter {
  /** Patterns of routes, as they stand in metrics. */
  readonly routes: readonly string[]
  readonly services: readonly string[]
  /** Reasons, or `any`: one of ours, whichever. */
  readonly reasons: readonly string[]
  readonly statuses: readonly StatusRange[]
  /** Upper case. */
  readonly methods: readonly string[]
  readonly directions: readonly Direction[]
  /** ms that it took at least; 0: all. */
  readonly slowerThan: number
  /** Exchanges after which the tap ends; Infinity: it does not. */
  readonly limit: number
}

export function matches(filter: TapFilter, end: End): boolean {
  const { request, rows, reason } = end
  return (
    tookOf(end) >= filter.slowerThan &&
    among(filter.directions, request.exchange.direction) &&
    among(filter.services, rows.service) &&
    among(filter.routes, rows.template) &&
    among(filter.methods, request.method) &&
    (filter.reasons.length === 0 ||
      filter.reasons.includes(reason) ||
      (reason !== '' && filter.reasons.includes('any'))) &&
    (filter.statuses.length === 0 || filter.statuses.some((range) => isIn(range, end)))
  )
}

function among(wanted: readonly string[], value: string): boolean {
  return wanted.length === 0 || wanted.includes(value)
}

function isIn({ least, most, grpc }: StatusRange, { status, rpcStatus }: End): boolean {
  return grpc < 0 ? status >= least && status <= most : grpc === rpcStatus
}
