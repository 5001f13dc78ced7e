/** What the sidecar says of itself: sums over all series of a metric, and what is left of it in /state. */

export interface Gauges {
  readonly active: number
  readonly slots: number
  readonly queue: number
  readonly replayBytes: number
  readonly connections: number
  readonly upstreamInflight: number
  readonly upstreamConnections: number
}

export interface Reading {
  readonly gauges: Gauges
  readonly heapMiB: number
  readonly defects: number
  /** Breaker transitions, to any state. */
  readonly transitions: number
  /** By kind. */
  readonly attempts: number
}

/** The sum over all series of `name`; 0 without one. */
export function sum(metrics: string, name: string): number {
  let total = 0
  for (const line of metrics.split('\n')) {
    if (!line.startsWith(name) || !/[{ ]/.test(line.charAt(name.length))) continue
    total += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return total
}

interface State {
  readonly endpoints: readonly { readonly inflight: number; readonly connections: number }[]
}

async function get(admin: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${admin}${path}`, { headers: { connection: 'close' } })
  return answer.text()
}

export async function read(admin: number): Promise<Reading> {
  const metrics = await get(admin, '/metrics')
  const { endpoints } = JSON.parse(await get(admin, '/state')) as State
  const of = (name: string): number => sum(metrics, name)
  return {
    gauges: {
      active: of('http_server_active_requests'),
      slots: of('outrigger_bulkhead_inflight'),
      queue: of('outrigger_bulkhead_queue_depth'),
      replayBytes: of('outrigger_replay_buffer_bytes'),
      connections: of('outrigger_downstream_connections'),
      upstreamInflight: endpoints.reduce((total, { inflight }) => total + inflight, 0),
      upstreamConnections: endpoints.reduce((total, { connections }) => total + connections, 0),
    },
    heapMiB: of('nodejs_heap_size_used_bytes') / 2 ** 20,
    defects: of('outrigger_defects_total'),
    transitions: of('outrigger_circuit_transitions_total'),
    attempts: of('outrigger_attempts_total'),
  }
}
