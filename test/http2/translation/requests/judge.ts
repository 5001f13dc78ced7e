/** Plays one case through a proxy and says what is wrong with what the two sides saw. Nothing: an empty list. */
import { DATA, END_STREAM, GOAWAY, HEADERS, RST_STREAM } from '../../../../src/http2/frames.ts'
import { http2Client, type Http2Peer, request } from '../../../support/http2-raw.ts'
import { connect } from '../../../support/raw.ts'
import { readResponse, values } from '../../../support/read-message.ts'
import { fromHttp2, type Seen, shown, firstOf, wrongFields } from '../message.ts'
import { type Origin, remainingHalves } from '../origins.ts'
import { type Case, ID } from './case.ts'

const PROBE = '/probe'
const FOLLOWER = '/follower'
const NOBODY = { teardown: () => {} }

/** How stream 1 ended for the client. */
interface Outcome {
  readonly answer: Seen | undefined
  readonly reset: number
  readonly goaway: number
  readonly problems: readonly string[]
}

function outcome(peer: Http2Peer): Outcome {
  const own = peer.frames.filter(({ id }) => id === ID)
  const head = own.find(({ type }) => type === HEADERS)
  const reset = own.find(({ type }) => type === RST_STREAM)
  const goaway = peer.frames.find(({ type }) => type === GOAWAY)
  const fields = head === undefined ? [] : peer.fieldsOf(head)
  const text = own.filter(({ type }) => type === DATA).map(({ payload }) => payload.toString('latin1'))
  return {
    answer: head === undefined ? undefined : fromHttp2(fields, text.join(''), []),
    reset: reset === undefined ? -1 : reset.payload.readUInt32BE(0),
    goaway: goaway === undefined ? -1 : goaway.payload.readUInt32BE(4),
    problems: head === undefined ? [] : wrongFields(fields, [':status']),
  }
}

function over(peer: Http2Peer): boolean {
  if (peer.ended) return true
  return peer.frames.some(
    ({ type, id, flags }) =>
      type === GOAWAY || (id === ID && (type === RST_STREAM || (type <= HEADERS && (flags & END_STREAM) !== 0))),
  )
}

async function follow(port: number): Promise<string[]> {
  const client = await connect(port)
  try {
    client.send(`GET ${FOLLOWER} HTTP/1.1\r\nHost: app.test\r\n\r\n`)
    const answer = await client.when('an answer', () => readResponse(client.received))
    const asked = values(answer, 'x-asked')[0]
    return asked === encodeURIComponent(FOLLOWER) ? [] : [`the follower got ${answer.status} for ${asked}`]
  } finally {
    client.destroy()
  }
}

/** The next request of the same connection gets its own answer. */
async function probe(peer: Http2Peer): Promise<string[]> {
  peer.send(request(ID + 2, { path: PROBE, authority: 'app.test' }))
  await peer.finished(ID + 2)
  const asked = firstOf(await peer.head(ID + 2), 'x-asked')
  return asked === encodeURIComponent(PROBE) ? [] : [`the probe got the answer to ${asked}`]
}

function compare(want: Partial<Seen>, seen: Seen): string[] {
  const found: string[] = []
  for (const [key, value] of Object.entries(want)) {
    const came = seen[key as keyof Seen]
    if (JSON.stringify(came) !== JSON.stringify(value)) found.push(`${key} at the origin ${shown(came)}`)
  }
  return found
}

function verdict(it: Case, { answer, reset, goaway }: Outcome, seen: readonly Seen[]): string[] {
  const how = `reset ${reset}, GOAWAY ${goaway}, status ${answer?.status}`
  if (it.verdict === 'forward') {
    if (seen.length !== 1 || answer?.status !== 200) return [`not forwarded: ${how}, ${seen.length} requests`]
    return compare({ fields: [], body: '', trailers: [], ...it.want }, seen[0] as Seen)
  }
  if (seen.length > 0) return [`forwarded: ${shown(seen)}`]
  if (it.verdict === 'stream') return reset === 1 && goaway < 0 ? [] : [`not refused by RST_STREAM: ${how}`]
  if (it.verdict === 'connection') return goaway > 0 ? [] : [`not refused by GOAWAY: ${how}`]
  return answer?.status === it.verdict ? [] : [`not answered with ${it.verdict}: ${how}`]
}

export async function judge(port: number, origin: Origin, it: Case, frames: Buffer): Promise<string[]> {
  origin.begin()
  const peer = await http2Client(NOBODY, port)
  try {
    peer.send(frames)
    await peer.when('the end of the case', () => over(peer), 3000)
    const ended = outcome(peer)
    const found = [...ended.problems]
    if (ended.goaway < 0 && !peer.ended) found.push(...(await probe(peer)))
    else if (it.verdict !== 'connection') found.push('the connection ended')
    found.push(...(await follow(port)))
    for (const half of await remainingHalves(origin)) found.push(`half a request stays: ${half}`)
    found.push(...origin.nonsense.map((what) => `the origin got ${what}`))
    const seen = origin.seen.filter(({ target }) => target !== PROBE && target !== FOLLOWER)
    found.push(...verdict(it, ended, seen))
    return found
  } catch (error) {
    return [(error as Error).message]
  } finally {
    peer.destroy()
  }
}
