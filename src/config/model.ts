/** What the loader gives: frozen, complete, in ms, bytes and fractions. After it nothing is optional. */

/** A place in a file, counted from 1. `file` is the path as it was given. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One thing that is wrong, or that is legal but surely not meant. */
export interface Issue {
  readonly severity: 'error' | 'warning'
  /** `E…` or `W…`, listed in docs/problems.md. */
  readonly code: string
  /** What must hold, what stands there, and the nearest right spelling. */
  readonly message: string
  readonly place: Place
}

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Blocks by name, each as the most specific policy states it; see `BlockStatement`. */
export interface BlockStatement {
  /** `timeout`, `retry` … */
  readonly block: string
  /** The block complete: durations in ms, sizes in bytes, percentages as fractions. Opaque to everyone but its policy. */
  readonly config: Readonly<Record<string, unknown>>
  /** Of the block and of its policy, the one that does less: disabled over shadow over enforce. */
  readonly mode: 'enforce' | 'shadow' | 'disabled'
  /** The Policy that states it (through `use` or itself). */
  readonly policy: string
  /** The Profile it came from, or ''. */
  readonly profile: string
  readonly place: Place
  /** Where each field that the file states stands, by dotted path below the block (`open.base`, `failures.0`). */
  readonly places: ReadonlyMap<string, Place>
}

export interface RouteMatch {
  /** The pattern as written, or undefined: every path. */
  readonly path: string | undefined
  /** Instead of path and methods: `pkg.Service/Method` or `pkg.Service/*`. */
  readonly grpc: string | undefined
  /** Upper case; empty: every method. */
  readonly methods: readonly string[]
  /** Lower-case names with the exact value asked for. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** `stream: true | false` where it is said. */
  readonly stream: boolean | undefined
  readonly place: Place
}

export interface PolicyDocument {
  readonly name: string
  readonly direction: 'inbound' | 'outbound'
  /** A Service's name, or '*'. Inbound: '*'. */
  readonly service: string
  /** Sidecar names; empty: all. */
  readonly workload: readonly string[]
  /** The application's port, inbound; undefined: every. */
  readonly port: number | undefined
  /** Empty: every request. */
  readonly routes: readonly RouteMatch[]
  readonly blocks: readonly BlockStatement[]
  readonly place: Place
}

export interface EndpointConfig extends HostPort {
  readonly weight: number
}

/** TLS on a listener: paths of PEM files; '' where there is none. */
export interface ListenerTls {
  readonly cert: string
  readonly key: string
  readonly clientCa: string
  readonly clientAuth: 'require' | 'permit'
}

/** TLS towards a service. `serverName` '': what the endpoint is called; `ca` '': the system's roots. */
export interface UpstreamTls {
  readonly ca: string
  readonly serverName: string
  readonly cert: string
  readonly key: string
}

/** `interval` and `timeout` in ms. */
export interface HealthCheckConfig {
  /** What is asked for by GET; '' for a check by gRPC. */
  readonly path: string
  /** Whose health is asked for ('': the server's) by `grpc.health.v1.Health/Check`; undefined for one by HTTP. */
  readonly grpc: { readonly service: string } | undefined
  readonly interval: number
  readonly timeout: number
  readonly healthy: number
  readonly unhealthy: number
}

export interface KubernetesEndpoints {
  readonly service: string
  /** '': the pod's own. */
  readonly namespace: string
  /** The name of the Service's port, or the number on which its pods listen. */
  readonly port: string | number
}

export interface ServiceDocument {
  readonly name: string
  /** Lower case; `*.suffix` allowed; `name:port` matches that port only. */
  readonly hosts: readonly string[]
  readonly endpoints: readonly EndpointConfig[]
  /** Instead of endpoints. `refresh` in ms. */
  readonly dns: { readonly name: string; readonly port: number; readonly refresh: number } | undefined
  /** Instead of both. */
  readonly kubernetes: KubernetesEndpoints | undefined
  readonly protocol: 'auto' | 'http1' | 'http2'
  /** `keep`, `endpoint`, or the name to send. */
  readonly hostHeader: string
  readonly tls: UpstreamTls | undefined
  readonly sidecar: boolean
  readonly propagate: 'all' | 'trace' | 'none'
  readonly loadBalancing: {
    readonly algorithm: 'ewma' | 'leastRequest' | 'roundRobin' | 'random' | 'hash'
    /** The header that `hash` picks by, in lower case; '' for every other algorithm. */
    readonly hashOn: string
  }
  readonly connections: {
    readonly maxPerEndpoint: number
    readonly idle: number
    readonly maxAge: number
    readonly http2Streams: number
  }
  /** undefined: endpoints are not asked how they are. */
  readonly healthCheck: HealthCheckConfig | undefined
  readonly place: Place
}

export interface SidecarDocument {
  readonly name: string
  readonly inbound: readonly {
    readonly listen: HostPort
    /** `original`: where a redirected connection was going. */
    readonly app: HostPort | 'original'
    /** `tcp`: bytes, whatever they are. */
    readonly protocol: 'auto' | 'http1' | 'http2' | 'tcp'
    readonly tls: ListenerTls | undefined
  }[]
  readonly outbound:
    | {
        readonly listen: HostPort
        /** Connections come by redirect. */
        readonly transparent: boolean
        readonly unknownHosts: 'refuse' | 'passthrough'
        /** The file says so itself; where it does not, `run --transparent` lets them pass. */
        readonly unknownHostsStated: boolean
      }
    | undefined
  readonly admin: { readonly listen: HostPort }
  readonly trust: {
    /** CIDR blocks as written. */
    readonly peers: readonly string[]
    /** Lower case, or ''. */
    readonly sourceHeader: string
    readonly sources: readonly { readonly name: string; readonly cidr: readonly string[] }[]
  }
  readonly limits: {
    readonly maxHeaderBytes: number
    readonly maxHeaders: number
    readonly maxConnections: number
    /** Infinity: none. */
    readonly maxRequestBytes: number
    readonly maxReplayBytes: number
    readonly maxCacheBytes: number
    readonly headTimeout: number
    readonly idleTimeout: number
  }
  readonly drain: { readonly wait: number; readonly timeout: number }
  /** `sample` as a fraction; `output` is `stdout`, `stderr` or a file. */
  readonly accessLog: { readonly format: 'json' | 'text' | 'none'; readonly sample: number; readonly output: string }
  readonly tracing: {
    readonly sample: number
    readonly propagators: readonly ('tracecontext' | 'baggage' | 'b3')[]
    /** `slowerThan` in ms, Infinity: no exchange is slow; undefined: nothing is decided at the end. */
    readonly tail: { readonly errors: boolean; readonly slowerThan: number } | undefined
  }
  /** `idle` in ms: after it a series that nothing was counted in leaves. */
  readonly metrics: { readonly idle: number; readonly compatibility: readonly 'istio'[] }
  /** undefined when no Sidecar document stands in the files. */
  readonly place: Place | undefined
}

export interface Config {
  readonly sidecar: SidecarDocument
  readonly services: readonly ServiceDocument[]
  readonly policies: readonly PolicyDocument[]
  /** Of the files' text; changes when a byte does. */
  readonly hash: string
  readonly warnings: readonly Issue[]
}
