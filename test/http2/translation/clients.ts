/** One request by either version of HTTP, and all that its client saw of the answer. */
import { DATA, END_STREAM, GOAWAY, HEADERS, RST_STREAM } from '../../../src/http2/frames.ts'
import { type Asked, type Fields, type Http2Peer, http2Client, request } from '../../support/http2-raw.ts'
import { connect } from '../../support/raw.ts'
import { type Message, Nonsense, readResponse } from '../../support/read-message.ts'
import { firstOf, fromHttp1, fromHttp2, type Seen, wrongFields, wrongHttp1 } from './message.ts'

export interface Got {
  /** The final head with what came behind it; undefined without one. */
  readonly answer: Seen | undefined
  readonly informational: readonly Seen[]
  /** It ended as an answer ends that is all there. */
  readonly whole: boolean
  /** The code of RST_STREAM; -1 without one. */
  readonly reset: number
  /** What no sender may send, and what else went wrong. */
  readonly problems: readonly string[]
}

export type Version = 'http1' | 'http2'

const NOBODY = { teardown: () => {} }
const PROBE = '/probe'

export interface Request {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly fields?: Fields
}

/** Asks, and behind the answer asks for a probe on the same connection where that goes on. */
export function ask(version: Version, port: number, asked: Request): Promise<Got> {
  return version === 'http1' ? askHttp1(port, asked) : askHttp2(port, asked)
}

/** The parts of an answer that is not whole: its head alone counts. */
function headOnly(bytes: Buffer): Message | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  return end < 0 ? undefined : readResponse(bytes.subarray(0, end + 4), { method: 'HEAD' })
}

function askedFor(message: Message): string | undefined {
  return firstOf(fromHttp1(message).fields, 'x-asked')
}

async function askHttp1(port: number, { method, path, authority, fields = [] }: Request): Promise<Got> {
  const client = await connect(port)
  const more = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const none = { answer: undefined, informational: [], whole: false, reset: -1 }
  try {
    client.send(`${method} ${path} HTTP/1.1\r\nHost: ${authority}\r\n${more}\r\n`)
    const read = (): Message | undefined => readResponse(client.received, { method, closed: client.ending === 'fin' })
    await client.when('an answer or the end', () => read() !== undefined || client.ending !== 'open')
    const message = read()
    const head = message ?? headOnly(client.received)
    if (head === undefined) return { ...none, problems: ['the connection ended without an answer'] }
    const problems = [head, ...head.informational].flatMap(wrongHttp1)
    const closes = head.fields.some((value, i) => i % 2 === 1 && value === 'close')
    if (message !== undefined && !closes) {
      client.send(`GET ${PROBE} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
      const probe = await client.when('the probe', () => readResponse(client.received, { from: message.next }))
      if (askedFor(probe) !== encodeURIComponent(PROBE)) problems.push(`the probe got ${probe.start}`)
    }
    const informational = head.informational.map(fromHttp1)
    return { answer: fromHttp1(head), informational, whole: message !== undefined, reset: -1, problems }
  } catch (error) {
    const what = error instanceof Nonsense ? `the client got ${error.message}` : (error as Error).message
    return { ...none, problems: [what] }
  } finally {
    client.destroy()
  }
}

const ID = 1

function isOver(peer: Http2Peer): boolean {
  return (
    peer.ended ||
    peer.frames.some(
      ({ type, id, flags }) =>
        type === GOAWAY || (id === ID && (type === RST_STREAM || (type <= HEADERS && (flags & END_STREAM) !== 0))),
    )
  )
}

/** What stream 1 has seen so far. */
export function gotHttp2(peer: Http2Peer): Got {
  const own = peer.frames.filter(({ id }) => id === ID)
  const problems: string[] = []
  const informational: Seen[] = []
  let head: Fields | undefined
  let trailers: Fields = []
  let text = ''
  let whole = false
  for (const one of own) {
    if (whole && one.type !== RST_STREAM) problems.push(`a frame ${one.type} behind END_STREAM`)
    if (one.type <= HEADERS) whole = (one.flags & END_STREAM) !== 0
    if (one.type === DATA) {
      if (head === undefined) problems.push('DATA before a head')
      text += one.payload.toString('latin1')
    } else if (one.type === HEADERS) {
      const fields = peer.fieldsOf(one)
      problems.push(...wrongFields(fields, head === undefined ? [':status'] : []))
      const status = Number(firstOf(fields, ':status') ?? 0)
      if (head !== undefined) trailers = fields
      else if (status >= 200) head = fields
      else {
        informational.push(fromHttp2(fields, '', []))
        if (whole) problems.push(`a ${status} that ends the stream`)
        if (firstOf(fields, 'content-length') !== undefined) problems.push(`a ${status} with a length`)
      }
    }
  }
  const reset = own.find(({ type }) => type === RST_STREAM)
  const answer = head === undefined ? undefined : fromHttp2(head, text, trailers)
  if (answer?.status === 204 && answer.length !== undefined) problems.push('a 204 with a length')
  if (whole && answer?.length !== undefined && text !== '' && Number(answer.length) !== text.length)
    problems.push(`content-length ${answer.length} and ${text.length} bytes`)
  return { answer, informational, whole, reset: reset?.payload.readUInt32BE(0) ?? -1, problems }
}

async function askHttp2(port: number, asked: Asked): Promise<Got> {
  const peer = await http2Client(NOBODY, port)
  try {
    peer.send(request(ID, asked))
    await peer.when('the end of the answer', () => isOver(peer))
    const got = gotHttp2(peer)
    const problems = [...got.problems]
    peer.send(request(ID + 2, { path: PROBE, authority: asked.authority! }))
    await peer.finished(ID + 2)
    const probed = firstOf(await peer.head(ID + 2), 'x-asked')
    if (probed !== encodeURIComponent(PROBE)) problems.push(`the probe got the answer to ${probed}`)
    return { ...got, problems }
  } catch (error) {
    return { ...gotHttp2(peer), problems: [(error as Error).message] }
  } finally {
    peer.destroy()
  }
}
