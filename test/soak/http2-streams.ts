/**
 * `npm run soak:http2 [-- --streams 10000 --connections 16 --mib 1024 --bundle FILE]`: the bundle as a process, with so many
 * HTTP/2 streams open at once, each of which has said something and heard it back; then a body of so many MiB each way to
 * a reader that takes its time. Resident memory is printed. Exit 0: every stream was carried through and the bodies added
 * no more than 32 MiB, 1: not so, 2: not here.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildTree } from '../bench/bundle.ts'
import { freePorts } from '../bench/lab.ts'
import { NODE } from '../bench/peer-file.ts'
import { memory } from '../bench/proc.ts'
import { PROXY_CORE, Started } from '../bench/started.ts'

const { values: flags } = parseArgs({
  options: {
    streams: { type: 'string', default: '10000' },
    connections: { type: 'string', default: '16' },
    mib: { type: 'string', default: '1024' },
    bundle: { type: 'string', default: '' },
  },
})
const streams = Number(flags.streams)
const connections = Number(flags.connections)
const bytes = Number(flags.mib) * 2 ** 20
/** MiB that a body may add, however long it is. */
const MOST = 32
const PIECE = Buffer.alloc(64 * 1024, 'x')
/** Bytes after which the slow reader rests, and how long, ms. */
const GULP = 2 ** 20
const REST = 5

/** Takes what comes, and rests after each gulp. Resolves with how much it was. */
function readSlowly(stream: http2.ClientHttp2Stream | http2.ServerHttp2Stream): Promise<number> {
  let size = 0
  let gulp = 0
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    gulp += chunk.length
    if (gulp < GULP) return
    gulp = 0
    stream.pause()
    setTimeout(() => stream.resume(), REST)
  })
  return new Promise((resolve, reject) => {
    stream.on('end', () => resolve(size))
    stream.on('error', reject)
    stream.on('close', () => reject(new Error(`closed after ${size} bytes`)))
  })
}

async function writeAll(stream: http2.ClientHttp2Stream | http2.ServerHttp2Stream): Promise<void> {
  for (let left = bytes; left > 0; left -= PIECE.length) {
    if (stream.destroyed) return
    if (!stream.write(PIECE)) await new Promise((resolve) => stream.once('drain', resolve))
  }
  stream.end()
}

/** /echo: what it was sent. /down: the body. /up: how long the body was that it read slowly. */
async function startOrigin(): Promise<{ readonly port: number; close(): void }> {
  const server = http2.createServer()
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    const path = headers[':path']
    if (path === '/up') {
      readSlowly(stream).then(
        (size) => {
          stream.respond({ ':status': 200 })
          stream.end(String(size))
        },
        () => {},
      )
      return
    }
    stream.respond({ ':status': 200 })
    if (path === '/down') {
      // Node resets a stream whose request nobody reads once its answer is written, also where END_STREAM still waits for a window.
      stream.resume()
      void writeAll(stream)
    } else stream.pipe(stream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const session of sessions) session.destroy()
      server.close()
    },
  }
}

function open(session: http2.ClientHttp2Session, path: string): http2.ClientHttp2Stream {
  const stream = session.request({ ':method': 'POST', ':path': path, ':authority': 'origin' }, { endStream: false })
  stream.on('error', () => {})
  return stream
}

/** Says a word and hears it; the stream stays open. */
function spoken(stream: http2.ClientHttp2Stream): Promise<boolean> {
  return new Promise((resolve) => {
    stream.once('data', () => resolve(true))
    stream.once('close', () => resolve(false))
    stream.write('a word')
  })
}

function ended(stream: http2.ClientHttp2Stream): Promise<boolean> {
  return new Promise((resolve) => {
    stream.once('close', () => resolve(stream.rstCode === 0))
    stream.end()
  })
}

function count(results: readonly boolean[]): number {
  return results.filter((one) => one).length
}

/** The highest resident memory while `work` goes on, MiB. */
async function highest(pid: number, work: Promise<unknown>): Promise<number> {
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, memory(pid).rss)), 50)
  try {
    await work
  } finally {
    clearInterval(timer)
  }
  return Math.max(most, memory(pid).rss)
}

async function measure(pid: number, port: number): Promise<boolean> {
  const sessions = Array.from({ length: connections }, () => http2.connect(`http://127.0.0.1:${port}`))
  for (const session of sessions) session.on('error', () => {})
  const session = sessions[0] as http2.ClientHttp2Session
  // What is made on first use is made.
  await ended(open(session, '/echo'))
  let met = true
  console.log('resident memory of the sidecar, MiB')
  const resident = (what: string, ok: boolean, mib = memory(pid).rss): void => {
    met &&= ok
    console.log(`${mib.toFixed(1).padStart(8)}  ${what}${ok ? '' : ': MISSED'}`)
  }
  resident('at the beginning', true)

  const all = Array.from({ length: streams }, (_, i) =>
    open(sessions[i % connections] as http2.ClientHttp2Session, '/echo'),
  )
  const heard = count(await Promise.all(all.map(spoken)))
  resident(`${heard} of ${streams} streams open on ${connections} connections`, heard === streams)
  const carried = count(await Promise.all(all.map(ended)))
  await sleep(1000)
  resident(`${carried} of ${streams} carried through`, carried === streams)

  const before = memory(pid).rss
  const down = open(session, '/down')
  down.end()
  let received = 0
  const most = await highest(
    pid,
    readSlowly(down).then((size) => (received = size)),
  )
  const slack = most - before <= MOST
  resident(`${received / 2 ** 20} MiB down to a slow reader, at most`, received === bytes && slack, most)

  const earlier = memory(pid).rss
  const up = open(session, '/up')
  let told = ''
  up.setEncoding('utf8')
  up.on('data', (text: string) => (told += text))
  const answered = new Promise((resolve) => up.once('close', resolve))
  void writeAll(up)
  const upMost = await highest(pid, answered)
  const upSlack = upMost - earlier <= MOST
  resident(`${Number(told) / 2 ** 20} MiB up to a slow reader, at most`, Number(told) === bytes && upSlack, upMost)

  for (const one of sessions) one.destroy()
  return met
}

/** Of the sidecar's metrics those that tell of failures: what it counted, and why. */
async function whatItSays(admin: number): Promise<string> {
  const lines = (await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()).split('\n')
  return lines
    .filter((line) => /(reason|outcome|violation|error_type)="[^"]/.test(line) && !line.endsWith(' 0'))
    .join('\n')
}

async function main(): Promise<number> {
  if (!existsSync('/proc/self/stat')) {
    console.log('memory is read from /proc, which is not here')
    return 2
  }
  const scratch = mkdtempSync(join(tmpdir(), 'outrigger-http2-'))
  const origin = await startOrigin()
  const [port = 0, admin = 0] = await freePorts(2)
  const config = join(scratch, 'policy.yaml')
  const service = `kind: Service\nname: origin\nendpoints: ["127.0.0.1:${origin.port}"]\n`
  writeFileSync(config, `kind: Sidecar\nname: soak\naccessLog: {format: none}\n---\n${service}`)
  const bundle = flags.bundle === '' ? buildTree(join(scratch, 'outrigger.cjs')) : flags.bundle
  const local = (at: number): string => `127.0.0.1:${at}`
  const command = [NODE, bundle, 'run', '--config', config, '--outbound', local(port), '--admin', local(admin)]
  const sidecar = new Started('sidecar', command, scratch, PROXY_CORE, { NODE_ENV: 'production' })
  try {
    for (let i = 0; i < 200 && !sidecar.lastWords.includes('"msg":"ready"'); i++) await sleep(50)
    if (sidecar.ended) throw new Error(`the sidecar ended: ${sidecar.lastWords}`)
    return (await measure(sidecar.pid, port)) ? 0 : 1
  } catch (error) {
    console.log(await whatItSays(admin).catch(String))
    throw error
  } finally {
    await sidecar.stop()
    origin.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}

process.exit(await main())
