/** Who may import whom: the table of `docs/decisions/0003-checks-of-our-own.md`, read by check-imports.ts. */

/**
 * Each room and the rooms it may import. A room is a folder of `src`, `cmd`, or one policy (`policies/retry`);
 * `policies` alone is `src/policies/index.ts`, where the order is written and every policy is named.
 * A star ends a prefix. `core` imports nothing of ours.
 */
export const rooms: Record<string, readonly string[]> = {
  core: [],
  // `net` holds what all codecs do with a socket: one corked write per read, one shared buffer to read into.
  // `http` holds what both versions share: the grammar of RFC 9110, and what a server side and a client side are asked.
  http: ['core', 'net'],
  http1: ['core', 'net', 'http'],
  http2: ['core', 'net', 'http'],
  net: ['core'],
  // `opaque`, for while it is not known what a connection speaks, where it would go as bytes is connected to already.
  server: ['core', 'http', 'http1', 'http2', 'net', 'opaque'],
  routing: ['core'],
  upstream: ['core', 'http', 'http1', 'http2', 'net'],
  // Connections that pass as bytes know no HTTP; `runtime/interception` decides which do and where they go.
  opaque: ['core', 'net'],
  telemetry: ['core'],
  'policies/*': ['core'],
  policies: ['core', 'policies/*'],
  config: ['core'],
  runtime: ['*'],
  // `net` says how to listen on all addresses, for the admin listener as for any other.
  admin: ['core', 'net', 'telemetry'],
  kubernetes: ['core', 'config'],
  // Text and programs of iptables; the sidecar itself knows nothing of it.
  firewall: ['config'],
  demo: [],
  // A whole sidecar put together as `runtime` does it, but for the sockets; nothing else may lean on it.
  simulate: ['core', 'config', 'http', 'server', 'upstream', 'runtime'],
  cmd: ['runtime', 'config', 'admin'],
}

/** Rooms whose imports from another may only be types: the values (schemas) are handed in. Exceptions lift this too. */
export const typesOnly: Record<string, readonly string[]> = {
  config: ['core'],
}

export interface Exception {
  readonly from: string
  readonly to: string
  readonly reason: string
}

/** What the table above does not allow, each with its reason. `from` and `to` are rooms or files. */
export const exceptions: readonly Exception[] = [
  { from: 'cmd', to: 'core', reason: 'the commands make the real clock and the real dice, and hand them in' },
  {
    from: 'cmd',
    to: 'telemetry',
    reason: 'the commands read the environment for the exporter and choose where the log goes',
  },
  {
    from: 'config',
    to: 'src/core/errors.ts',
    reason: 'a reason named in a file is checked against the one closed table',
  },
  { from: 'config', to: 'src/core/grpc-status.ts', reason: 'so is the name of a gRPC status' },
  {
    from: 'config',
    to: 'src/core/regular-file.ts',
    reason: 'whatever is read while requests are served has an end',
  },
  { from: 'admin', to: 'src/config/values/units.ts', reason: 'a duration in a query is written as in a file' },
  { from: 'cmd', to: 'demo', reason: '`outrigger demo` starts it' },
  { from: 'cmd', to: 'firewall', reason: '`outrigger firewall` runs it, in a container of its own' },
  { from: 'cmd', to: 'simulate', reason: '`outrigger simulate` starts it' },
  { from: 'cmd', to: 'kubernetes', reason: 'the commands of a cluster: injector, inject, check, diag' },
  {
    from: 'kubernetes',
    to: 'src/telemetry/log.ts',
    reason: 'the injector writes the same log lines as the sidecar',
  },
  { from: 'simulate', to: 'src/demo/slots.ts', reason: 'an application with request slots is the same one in both' },
  { from: 'simulate', to: 'src/demo/table.ts', reason: 'its tables look as those of the scenarios do' },
]

/** Packages, and where they may be imported besides `test`. A package that is not named here may be imported nowhere. */
export const fences: Record<string, readonly string[]> = {
  yaml: ['src/config/', 'src/kubernetes/inject/', 'scripts/'],
  'prom-client': ['src/telemetry/', 'src/kubernetes/injector/'],
  '@opentelemetry/*': ['src/telemetry/'],
  undici: ['src/upstream/health/', 'src/kubernetes/'],
  'http2-wrapper': ['src/upstream/health/'],
  '@redis/*': ['src/policies/idempotency/redis/'],
  koffi: ['src/net/'],
  '@peculiar/x509': ['src/kubernetes/injector/certificates/'],
  'reflect-metadata': ['src/kubernetes/injector/certificates/'],
  uplot: ['scripts/', 'src/admin/'],
  'playwright-core': [],
  acorn: ['scripts/'],
  esbuild: ['scripts/'],
  '@grpc/*': [],
  tap: [],
  ws: [],
}
