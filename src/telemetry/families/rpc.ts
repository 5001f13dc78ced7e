/** OpenTelemetry's RPC metrics: gRPC calls, both sides. */
// cold file: runs once per scrape
import { reasonName } from '../labels.ts'
import type { Registry } from '../registry.ts'
import type { RouteRows } from '../route-rows.ts'
import { isServerError } from '../../core/grpc-status.ts'
import { splitRpcKey, statusName } from '../rpc-status.ts'
import type { Family, Labels } from './family.ts'
import { histogram } from './http.ts'

export function rpcFamilies(registry: Registry): Family[] {
  const { names } = registry.rpcMethods
  return [
    {
      name: 'rpc_server_call_duration_seconds',
      help: 'Duration of gRPC calls as their client sees them, in seconds.',
      type: 'histogram',
      samples: () => histogram(registry, registry.rpcServer, (rows) => rows.rpcServer, serverLabels(names)),
    },
    {
      name: 'rpc_client_call_duration_seconds',
      help: 'Duration of attempts of gRPC calls, in seconds.',
      type: 'histogram',
      samples: () => histogram(registry, registry.rpcClient, (rows) => rows.rpcClient, clientLabels(names)),
    },
  ]
}

function serverLabels(names: readonly string[]) {
  return (rows: RouteRows, key: number): Labels => rpcLabels(names, rows, key, isServerError(splitRpcKey(key).code))
}

/** To a client every status but OK is an error. */
function clientLabels(names: readonly string[]) {
  return (rows: RouteRows, key: number): Labels => ({
    ...rpcLabels(names, rows, key, splitRpcKey(key).code > 0),
    server_address: rows.service,
  })
}

function rpcLabels(names: readonly string[], rows: RouteRows, key: number, failed: boolean): Labels {
  const { method, code, reason } = splitRpcKey(key)
  return {
    direction: rows.direction,
    destination: rows.service,
    http_route: rows.template,
    rpc_system_name: 'grpc',
    rpc_method: names[method] as string,
    rpc_response_status_code: statusName(code),
    // A reason of ours, or the status where that is an error; absent on success.
    error_type: reason > 0 ? reasonName(reason) : failed ? statusName(code) : '',
  }
}
