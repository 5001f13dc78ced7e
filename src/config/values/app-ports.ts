/** What the application's ports speak, as the injector or an operator declares it. */
import { type Parsed, parsed, unreadable } from './parsed.ts'

/** `http`: nothing else passes. `tcp`: bytes, and not looked into. A port that is neither is found out about. */
export type DeclaredProtocol = 'http' | 'tcp'

export type AppPorts = ReadonlyMap<number, DeclaredProtocol>

const HTTP = new Set(['http', 'http1', 'http2', 'h2c', 'grpc', 'grpc-web', 'kubernetes.io/h2c', 'kubernetes.io/ws'])
const TCP = new Set([
  'tcp',
  'tls',
  'https',
  'mysql',
  'postgres',
  'postgresql',
  'redis',
  'mongo',
  'mongodb',
  'amqp',
  'kafka',
  'smtp',
  'ldap',
  'nats',
  'memcached',
  'mqtt',
  'ssh',
])

const MUST = 'ports with what they speak, such as 8080=http,5432=tcp or [{"port":8080,"name":"http"}]'

/** Either form; a port of which nothing can be told is left out. */
export function parseAppPorts(text: string): Parsed<AppPorts> {
  const entries = text.trimStart().startsWith('[') ? readJson(text) : readPairs(text)
  const ports = new Map<number, DeclaredProtocol>()
  if (entries === undefined) return unreadable(MUST, '')
  for (const { written, words } of entries) {
    const port = /^[0-9]{1,5}$/.test(written) ? Number(written) : 0
    if (port < 1 || port > 65_535) return unreadable(MUST, `'${written}' is no port`)
    const declared = words.map(protocolOf).find((protocol) => protocol !== undefined)
    if (declared !== undefined) ports.set(port, declared)
  }
  return parsed(ports)
}

interface Entry {
  /** The port, as it stands there. */
  readonly written: string
  /** What says most first. */
  readonly words: readonly string[]
}

function readPairs(text: string): Entry[] {
  const items = text.split(',').map((item) => item.trim())
  return items
    .filter((item) => item !== '')
    .map((item) => {
      const [port = '', word = ''] = item.split('=')
      return { written: port, words: [word] }
    })
}

function readJson(text: string): Entry[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(value)) return undefined
  return value.map((entry: Readonly<Record<string, unknown>> | null) => ({
    written: String(entry?.['port'] ?? ''),
    words: [String(entry?.['protocol'] ?? ''), String(entry?.['name'] ?? '')],
  }))
}

/** A name may have a suffix, as Kubernetes users write them: `http-web`, `tcp-replication`. */
function protocolOf(word: string): DeclaredProtocol | undefined {
  const lower = word.toLowerCase()
  const [stem = ''] = lower.split('-')
  if (HTTP.has(lower) || HTTP.has(stem)) return 'http'
  return TCP.has(lower) || TCP.has(stem) ? 'tcp' : undefined
}
