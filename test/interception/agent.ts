/** Runs inside a network namespace and does there what it is told, one JSON object a line: serves, and asks. */
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Command, Heard } from './commands.ts'

const SERVERS: Readonly<Record<string, (socket: Socket) => void>> = {
  /** Speaks first, then says everything back. */
  banner: (socket) => {
    socket.write('220 hello\r\n')
    socket.pipe(socket)
  },
  echo: (socket) => socket.pipe(socket),
  /** Answers only once its client has said all it will say. */
  count: (socket) => {
    let bytes = 0
    socket.on('data', (chunk) => (bytes += chunk.length))
    socket.on('end', () => socket.end(`${bytes} bytes`))
  },
  /** Takes the connection and says nothing. */
  silent: () => {},
  reset: (socket) => socket.once('data', () => socket.resetAndDestroy()),
}

function listen(command: Command & { readonly do: 'listen' }): Promise<Heard> {
  const { port, host, kind } = command
  const server =
    kind === 'http'
      ? createHttpServer((request, response) => {
          const { localAddress, localPort, remoteAddress } = request.socket
          request.resume()
          response.end(
            JSON.stringify({ url: request.url, headers: request.headers, localAddress, localPort, remoteAddress }),
          )
        })
      : createServer({ allowHalfOpen: true }, (socket) => {
          socket.on('error', () => {})
          SERVERS[kind]?.(socket)
        })
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(heard(`error ${error.message}`)))
    server.listen(port, host, () => resolve(heard('')))
  })
}

/** What is being asked. */
const open = new Set<(ended: boolean) => void>()

function finish(): Heard {
  for (const settle of open) settle(false)
  return heard('')
}

function ask(command: Command & { readonly do: 'ask' }): Promise<Heard> {
  const { host, port, send, times, until, again, end, patience } = command
  const began = performance.now()
  const { promise, resolve } = Promise.withResolvers<Heard>()
  let text = ''
  let error = ''
  let left = again
  let firstByteMs = -1
  const socket = connect({ host, port, allowHalfOpen: true })
  const settle = (ended: boolean) => {
    open.delete(settle)
    clearTimeout(timer)
    socket.destroy()
    resolve({ text, error, ended, firstByteMs, ms: performance.now() - began })
  }
  const timer = setTimeout(() => settle(false), patience)
  open.add(settle)
  socket.on('connect', () => {
    if (send !== '') socket.write(send.repeat(times), 'latin1')
    if (end) socket.end()
  })
  socket.on('data', (chunk) => {
    if (firstByteMs < 0) firstByteMs = performance.now() - began
    text += chunk.toString('latin1')
    if (left-- > 0) socket.write(send, 'latin1')
    if (until !== '' && text.includes(until)) settle(false)
  })
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code ?? cause.message
  })
  socket.on('end', () => socket.end())
  socket.on('close', () => settle(true))
  return promise
}

function heard(error: string): Heard {
  return { text: '', error, ended: false, firstByteMs: -1, ms: 0 }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const { id, ...command } = JSON.parse(line) as Command & { readonly id: number }
  const answer =
    command.do === 'finish' ? finish() : command.do === 'listen' ? await listen(command) : await ask(command)
  process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`)
})
lines.on('close', () => process.exit(0))
process.stdout.write('{"id":0}\n')
