/** Sessions of real clients and servers, recorded and played again to our two sides, cut everywhere: the outcome stays. */
import http2 from 'node:http2'
import { request as wrapped } from 'http2-wrapper'
import t, { type Test } from 'tap'
import { PREFACE } from '../../src/http2/frames.ts'
import { waysToCut } from './cuts.ts'
import { readByClient } from './read-client.ts'
import { units } from './read-node.ts'
import { readByServer, type ReadRequest } from './read-server.ts'
import { recordClient, recordServer } from './record.ts'

// The types know two of the three.
const { PADDING_STRATEGY_ALIGNED, PADDING_STRATEGY_MAX, PADDING_STRATEGY_NONE } = http2.constants as unknown as Record<
  'PADDING_STRATEGY_ALIGNED' | 'PADDING_STRATEGY_MAX' | 'PADDING_STRATEGY_NONE',
  number
>

/** Each of several thousand cuts of a long session would take minutes: those around each frame, and even pieces. */
function* someCuts(bytes: Buffer, preface: number): Iterable<number[]> {
  let at = 0
  for (const unit of units(bytes, preface)) {
    if (at + 5 < bytes.length) yield [at + 5]
    at += unit.length
    if (at < bytes.length) yield [at]
  }
  for (const size of [1, 1000, 16_393]) {
    yield Array.from({ length: Math.ceil(bytes.length / size) - 1 }, (_, i) => size * (i + 1))
  }
}

function isSame<T>(
  t: Test,
  bytes: Buffer,
  preface: number,
  read: (cuts: readonly number[]) => T,
  meant: unknown,
  of: (outcome: T) => unknown,
): void {
  const whole = read([])
  t.strictSame(of(whole), meant, 'as it was when it was recorded')
  const first = JSON.stringify(whole)
  let cut = 0
  let differing: unknown
  for (const cuts of bytes.length < 6000 ? waysToCut(bytes) : someCuts(bytes, preface)) {
    cut++
    const outcome = read(cuts)
    if (JSON.stringify(outcome) === first) continue
    differing = { cuts: cuts.slice(0, 3), outcome: JSON.stringify(outcome).slice(0, 2000), first: first.slice(0, 2000) }
    break
  }
  t.equal(differing, undefined, `${bytes.length} bytes, cut in ${cut} ways`)
}

interface Call {
  readonly path: string
  readonly fields?: Record<string, string | string[]>
  readonly body?: Buffer
  readonly trailers?: Record<string, string>
  /** Given up with this code, a turn later. */
  readonly cancel?: number
}

function call(session: http2.ClientHttp2Session, { path, fields, body, trailers, cancel }: Call): Promise<void> {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST'
    const head = { ':method': method, ':path': path, ':authority': 'origin', ...fields }
    const stream = session.request(head, { endStream: body === undefined, waitForTrailers: trailers !== undefined })
    stream.on('wantTrailers', () => stream.sendTrailers(trailers as Record<string, string>))
    stream.on('error', () => {})
    stream.on('close', () => resolve())
    stream.resume()
    if (cancel !== undefined) setImmediate(() => stream.close(cancel))
    else if (body !== undefined) stream.end(body)
  })
}

function ping(session: http2.ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => void session.ping(() => resolve()))
}

function settings(session: http2.ClientHttp2Session, values: http2.Settings): Promise<void> {
  return new Promise((resolve) => session.settings(values, () => resolve()))
}

function viaWrapper(session: http2.ClientHttp2Session, path: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      h2session: session,
      path,
      method: 'PUT',
      headers: { ':authority': 'origin', 'x-t-one': 'wrapped' },
    }
    // The types of the package are older than those of Node.
    const request = wrapped(options as unknown as object, (response) => {
      response.resume()
      response.once('end', () => resolve())
    })
    request.once('error', reject)
    request.end(body)
  })
}

const LONG = '~long'.repeat(5000)

async function small(session: http2.ClientHttp2Session): Promise<void> {
  await call(session, { path: '/', fields: { 'x-t-one': ['1', '2'], cookie: 'a=b' } })
  await call(session, { path: '/a', body: Buffer.from('some body'), trailers: { 'x-t-sum': '9' } })
  await ping(session)
  await Promise.all([
    call(session, { path: '/b', body: Buffer.alloc(300, 'b') }),
    call(session, { path: '/c', body: Buffer.alloc(0) }),
    viaWrapper(session, '/d', 'wrapped'),
  ])
  await settings(session, { headerTableSize: 0, initialWindowSize: 100_000 })
  await call(session, {
    path: '/e',
    fields: { 'x-t-one': ['1', '2'] },
    body: Buffer.from('e'),
    trailers: { 'x-t-sum': '1' },
  })
}

async function large(session: http2.ClientHttp2Session): Promise<void> {
  await Promise.all([
    call(session, { path: '/a', body: Buffer.alloc(70_000, 'abcdefg'), trailers: { 'x-t-sum': LONG } }),
    call(session, { path: '/b', fields: { 'x-t-long': LONG }, body: Buffer.alloc(20_000, 'b') }),
    call(session, { path: '/c', fields: { 'x-t-long': LONG } }),
  ])
  await settings(session, { initialWindowSize: 20, headerTableSize: 65_536, maxFrameSize: 20_000 })
  await call(session, { path: '/d', body: Buffer.alloc(1000, 'd') })
  await call(session, { path: '/e', body: Buffer.alloc(10), cancel: http2.constants.NGHTTP2_CANCEL })
  await settings(session, { initialWindowSize: 1_000_000 })
  await call(session, { path: '/f', body: Buffer.alloc(30_000, 'f') })
}

const PADDINGS = [
  ['no padding', PADDING_STRATEGY_NONE],
  ['aligned padding', PADDING_STRATEGY_ALIGNED],
  ['all padding', PADDING_STRATEGY_MAX],
] as const

function sizes(requests: readonly ReadRequest[]): unknown {
  return requests.map(({ target, body }) => `${target} ${body.length}`)
}

for (const [name, paddingStrategy] of PADDINGS) {
  for (const [kind, play] of [
    ['small', small],
    ['large', large],
  ] as const) {
    t.test(`a ${kind} session of Node's client, ${name}`, async (t) => {
      const { bytes, reading } = await recordClient({ paddingStrategy }, play)
      t.ok(reading.requests.length > 4, `${sizes(reading.requests)}`)
      isSame(
        t,
        bytes,
        PREFACE.length,
        (cuts) => readByServer(bytes, cuts),
        reading,
        ({ requests, refusals, defects }) => ({ requests, refusals, defects }),
      )
    })
  }
}

/** What Node's server answers to the stream of each number. */
function answer(stream: http2.ServerHttp2Stream): void {
  const trailers = () => {
    stream.once('wantTrailers', () => stream.sendTrailers({ 'x-t-sum': 'sum' }))
    return { waitForTrailers: true }
  }
  stream.on('error', () => {})
  switch (((stream.id as number) - 1) / 2) {
    case 0:
      stream.respond({ ':status': 204, 'x-t-one': ['a', 'b'] }, { endStream: true })
      break
    case 1:
      stream.additionalHeaders({ ':status': 103, 'x-t-hint': 'x' })
      stream.respond({ ':status': 200, 'content-length': 5 }, trailers())
      stream.end('hello')
      break
    case 2:
      // Its own body comes back, as it comes.
      stream.respond({ ':status': 201 }, trailers())
      stream.pipe(stream)
      break
    case 3:
      stream.respond({ ':status': 200 })
      stream.write('broken')
      stream.session?.settings({ initialWindowSize: 30_000, headerTableSize: 100 })
      stream.session?.ping(() => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR))
      break
    case 4:
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
      break
    default:
      stream.respond({ ':status': 200, 'x-t-long': LONG })
      stream.end(Buffer.alloc(80_000, 'xyz'))
  }
}

for (const [name, paddingStrategy] of PADDINGS) {
  for (const [kind, bodies] of [
    ['small', ['', '', 'echo '.repeat(50), '', '']],
    ['large', ['', '', 'echo '.repeat(15_000), '', '', 'q'.repeat(70_000)]],
  ] as const) {
    t.test(`a ${kind} session of Node's server, ${name}`, async (t) => {
      const { bytes, answers, defects } = await recordServer({ paddingStrategy }, bodies, answer)
      const ends = ['end', 'end', 'end', 'fail upstream_reset', 'fail upstream_reset', 'end'].slice(0, bodies.length)
      t.strictSame(
        answers.map(({ terminal }) => terminal),
        ends,
      )
      t.strictSame(answers[2]?.body.length, bodies[2].length)
      isSame(
        t,
        bytes,
        0,
        (cuts) => readByClient(bytes, cuts, bodies),
        { answers, defects },
        (outcome) => ({ answers: outcome.answers, defects: outcome.defects }),
      )
    })
  }
}
