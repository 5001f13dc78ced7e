/**
 * The application in every pod of this suite, with load.ts in a ConfigMap: says what has reached it, asks others, and loads them.
 * `node app.ts` listens on 8080 and 9090, and on 7070 for HTTP/2; `node app.ts URL` asks once, prints the outcome and ends.
 */
import { Agent, createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { Http2Server, ServerHttp2Session } from 'node:http2'
import { ask, Load } from './load.ts'

/** What has reached the application. */
export interface Seen {
  readonly pod: string
  readonly port: number
  readonly peer: string
  readonly host: string
  readonly client: string
  readonly via: string
}

/** By protocol. */
const loads = new Map<string, Load>()

/** `/ask?url=&host=`, `/load?url=&clients=&protocol=`, `/end?protocol=`; anything else is answered with what came. */
async function answer(asked: IncomingMessage, port: number): Promise<unknown> {
  const { pathname, searchParams } = new URL(asked.url ?? '/', 'http://app')
  const url = searchParams.get('url') ?? ''
  const protocol = searchParams.get('protocol') ?? 'http1'
  switch (pathname) {
    case '/ask':
      return ask(url, new Agent(), searchParams.get('host') ?? undefined)
    case '/load':
      await loads.get(protocol)?.end()
      loads.set(protocol, new Load(url, Number(searchParams.get('clients')), protocol))
      return {}
    case '/end':
      return loads.get(protocol)?.end()
    default:
      return seen(asked, port)
  }
}

function seen({ headers, socket }: IncomingMessage, port: number): Seen {
  return {
    pod: process.env['HOSTNAME'] ?? '',
    port,
    peer: socket.remoteAddress ?? '',
    host: headers.host ?? '',
    client: String(headers['x-forwarded-for'] ?? ''),
    via: String(headers['via'] ?? ''),
  }
}

function serve(port: number): Server {
  const server = createServer(async (asked, response) => {
    const text = JSON.stringify(await answer(asked, port))
    asked.resume()
    response.setHeader('content-type', 'application/json')
    response.end(text)
  })
  return server.listen(port, '::')
}

function serveHttp2(port: number): Http2Server {
  const server = createHttp2Server((asked, response) => {
    asked.resume()
    asked.on('end', () => response.end('{}'))
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  return server.listen(port, '::')
}

const sessions = new Set<ServerHttp2Session>()

const [once] = process.argv.slice(2)
if (once !== undefined) {
  const outcome = await ask(once, new Agent())
  console.log(JSON.stringify(outcome))
  process.exit(outcome.status === 200 ? 0 : 1)
}
const servers = [serve(8080), serve(9090), serveHttp2(7070)]
// As an application should: what is under way is finished, and then it ends.
process.on('SIGTERM', () => {
  let open = servers.length
  for (const session of sessions) session.close()
  for (const server of servers) {
    server.close(() => {
      open -= 1
      if (open === 0) process.exit(0)
    })
  }
})
