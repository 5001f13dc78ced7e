/** Asks the application what the kubelet would have asked: by HTTP, by connecting, by gRPC. */
import type { ClientRequest, RequestOptions } from 'node:http'
import { connect } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { AppProbe } from '../../kubernetes/inject/app-probes.ts'
import { probeGrpc } from '../../upstream/health/grpc-probe.ts'
import type { ProbeAnswer } from '../../upstream/health/probe.ts'

/** Applications tell probes from clients by the kubelet's name. */
const USER_AGENT = 'kube-probe/outrigger'
/** Of an answer's body, what the kubelet reads of it; one that breaks off or hangs before is no answer. */
const MOST_BYTES = 10_240

/** Never rejects. `host`: the pod's address, where the kubelet goes too. */
export async function askApp({ http, tcp, grpc, timeout }: AppProbe, host: string, clock: Clock): Promise<ProbeAnswer> {
  if (http !== undefined) return askHttp(http, host, timeout, clock)
  if (tcp !== undefined) return askTcp(host, tcp.port, timeout, clock)
  const { port, service } = grpc ?? { port: 0, service: '' }
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const { health, why } = await probeGrpc({ host, port, tls: undefined, authority, service, timeout }, clock)
  return { passed: health === 'serving', why }
}

/** Any status from 200 to 399, as for the kubelet; redirections are not followed, and over TLS no certificate is looked at. */
async function askHttp(
  { port, path, scheme, headers }: NonNullable<AppProbe['http']>,
  host: string,
  timeout: number,
  clock: Clock,
): Promise<ProbeAnswer> {
  const { request: ask } = scheme === 'https' ? await import('node:https') : await import('node:http')
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    host,
    port,
    path: escaped(path),
    agent: false,
    rejectUnauthorized: false,
    headers: headersOf(headers),
  }
  const { promise, resolve } = Promise.withResolvers<ProbeAnswer>()
  let request: ClientRequest
  try {
    request = ask(options, (response) => {
      const status = response.statusCode ?? 0
      const answer = { passed: status >= 200 && status < 400, why: `status ${status}` }
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes >= MOST_BYTES) resolve(answer)
      })
      response.on('end', () => resolve(answer))
      response.on('error', () => resolve({ passed: false, why: `status ${status}, and then the answer broke off` }))
    })
  } catch (error) {
    return { passed: false, why: (error as Error).message }
  }
  request.on('error', (error) => resolve({ passed: false, why: error.message }))
  const timer = clock.schedule(timeout, { expired: () => resolve({ passed: false, why: late(timeout) }) })
  request.end()
  const answer = await promise
  clock.cancel(timer)
  request.destroy()
  return answer
}

/** A name may stand more than once. An empty text leaves out what we would say. */
function headersOf(stated: NonNullable<AppProbe['http']>['headers']): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = { 'user-agent': USER_AGENT, accept: '*/*' }
  for (const [name, pairs] of Map.groupBy(stated, ([name]) => name.toLowerCase())) {
    const [[asWritten, value] = [name, ''], ...more] = pairs
    const isOurs = Object.hasOwn(all, name)
    delete all[name]
    if (isOurs && value === '') continue
    // Of a Host the first counts: two are no request.
    all[asWritten] = more.length === 0 || name === 'host' ? value : pairs.map(([, text]) => text)
  }
  return { ...all, connection: 'close' }
}

/** What may not stand in a request line is escaped, and a fragment is not sent: as the kubelet has it. */
function escaped(path: string): string {
  return (path.toWellFormed().split('#')[0] || '/').replace(/[^!-~]+/g, encodeURIComponent)
}

async function askTcp(host: string, port: number, timeout: number, clock: Clock): Promise<ProbeAnswer> {
  const { promise, resolve } = Promise.withResolvers<ProbeAnswer>()
  const socket = connect({ host, port }, () => resolve({ passed: true, why: 'connected' }))
  socket.on('error', (error) => resolve({ passed: false, why: error.message }))
  const timer = clock.schedule(timeout, { expired: () => resolve({ passed: false, why: late(timeout) }) })
  const answer = await promise
  clock.cancel(timer)
  socket.destroy()
  return answer
}

function late(timeout: number): string {
  return `no answer within ${timeout} ms`
}
