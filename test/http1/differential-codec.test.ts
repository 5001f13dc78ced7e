/**
 * The codec against Node's parser and against what each generated message means: whole, and cut at every byte. Then
 * spoiled messages: whatever our wires accept, Node accepts too, and reads the same.
 */
import { METHODS } from 'node:http'
import t from 'tap'
import type { Headers } from '../../src/core/headers.ts'
import { Seeded } from '../support/seeded.ts'
import { type Meaning, makeRequest, makeResponse, spoil } from './messages.ts'
import { type ReadAnswer, readByClient } from './read-client.ts'
import { type NodeAnswer, type NodeRequest, readByNodeClient, readByNodeServer } from './read-node.ts'
import { type ReadRequest, readByServer } from './read-server.ts'

/** Fields that say how a message is framed, routed or held, and so do not go through as they are. */
const NOT_END_TO_END = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'expect',
  'http2-settings',
  'proxy-authenticate',
  'proxy-authorization',
])

/** The end-to-end fields, without those that `Connection` names. */
function endToEnd(raw: readonly string[]): string[] {
  const named = new Set<string>()
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.toLowerCase() !== 'connection') continue
    for (const option of raw[i + 1]!.split(',')) named.add(option.trim().toLowerCase())
  }
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    if (!NOT_END_TO_END.has(name) && !named.has(name)) kept.push(raw[i] as string, raw[i + 1] as string)
  }
  return kept
}

interface Said {
  readonly start: string
  readonly fields: Headers
  readonly body: string
  readonly trailers: Headers
}

function meant(meaning: Meaning): string {
  const { method, target, status, reasonPhrase, fields, body, trailers } = meaning
  return written({ start: `${method}${target}${status}${reasonPhrase}`, fields, body, trailers })
}

function written(said: Said): string {
  return JSON.stringify([said.start, said.fields, said.body, said.trailers])
}

function ours(request: ReadRequest): string {
  const { method, target, headers, body, trailers } = request
  return written({ start: `${method}${target}0`, fields: endToEnd(headers), body, trailers })
}

function nodes(request: NodeRequest): string {
  const { method, target, rawHeaders, body, rawTrailers } = request
  // We make origin-form of an absolute target, as every proxy does.
  const path = target.replace(/^https?:\/\/[^/?]*/i, '')
  const origin = path === '' || path.startsWith('?') ? `/${path}` : path
  return written({ start: `${method}${origin}0`, fields: endToEnd(rawHeaders), body, trailers: rawTrailers })
}

function ourAnswer(answer: ReadAnswer): string {
  const { status, reasonPhrase, headers, body, trailers } = answer
  return written({ start: `${status}${reasonPhrase}`, fields: endToEnd(headers), body, trailers })
}

function nodesAnswer(answer: NodeAnswer): string {
  const { status, reasonPhrase, rawHeaders, body, rawTrailers } = answer
  return written({ start: `${status}${reasonPhrase}`, fields: endToEnd(rawHeaders), body, trailers: rawTrailers })
}

/** A trailer that frames or routes: Node refuses some of them, we read past all of them (RFC 9110 §6.5.1). */
function hasFramingTrailer(bytes: Buffer): boolean {
  const text = bytes.toString('latin1')
  const content = text.slice(text.indexOf('\r\n\r\n'))
  return /\r\n(content-length|transfer-encoding|host|connection)[ \t]*:/i.test(content)
}

/** A 1xx that says `close`: Node takes it for the end of the connection, we wait for the answer. */
function closesEarly(bytes: Buffer): boolean {
  return /^HTTP\/1.1 1.*\r\nConnection: close\r\n.*\r\nHTTP/s.test(bytes.toString('latin1'))
}

const NEXT = Buffer.from('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'))
}

/** Every cut in two, and every byte on its own. */
function* waysToCut(bytes: Buffer): Iterable<number[]> {
  for (let at = 1; at < bytes.length; at++) yield [at]
  yield Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
}

t.test('the server wire reads generated requests as they are meant, and as Node does', async (t) => {
  const random = new Seeded(11)
  const problems: string[] = []
  for (let i = 0; i < 1500 && problems.length < 5; i++) {
    const { bytes, meaning } = makeRequest(random)
    const read = readByServer(bytes, [])
    const [node] = await readByNodeServer(bytes)
    const said = read.requests[0] === undefined ? read.refused : ours(read.requests[0])
    if (said !== meant(meaning)) problems.push(`${shown(bytes)}: we read ${said}, meant is ${meant(meaning)}`)
    if (read.requests[0]?.authority !== meaning.authority)
      problems.push(`${shown(bytes)}: ${read.requests[0]?.authority}`)
    if (node === undefined || nodes(node) !== said) problems.push(`${shown(bytes)}: Node reads ${node && nodes(node)}`)
  }
  t.strictSame(problems, [])
})

t.test('the server wire reads the same however the bytes are cut, requests behind each other too', async (t) => {
  const random = new Seeded(12)
  const problems: string[] = []
  for (let i = 0; i < 300 && problems.length < 5; i++) {
    const bytes = Buffer.concat(Array.from({ length: random.pick([1, 1, 2]) }, () => makeRequest(random).bytes))
    const whole = JSON.stringify(readByServer(bytes, []))
    for (const cuts of waysToCut(bytes)) {
      if (JSON.stringify(readByServer(bytes, cuts)) === whole) continue
      problems.push(`${shown(bytes)} cut at ${cuts.slice(0, 3)}: ${JSON.stringify(readByServer(bytes, cuts))}`)
      break
    }
  }
  t.strictSame(problems, [])
})

t.test('the client wire reads generated answers as they are meant, and as Node does', async (t) => {
  const random = new Seeded(13)
  const problems: string[] = []
  for (let i = 0; i < 1000 && problems.length < 5; i++) {
    const method = random.pick(['GET', 'GET', 'HEAD'])
    const { bytes, meaning, untilClose } = makeResponse(random, method)
    const read = readByClient(bytes, [], method, untilClose)
    const node = await readByNodeClient(bytes, method, untilClose)
    const said = `${read.terminal} ${ourAnswer(read)}`
    if (said !== `end ${meant(meaning)}`) problems.push(`${shown(bytes)}: we read ${said}, meant is ${meant(meaning)}`)
    if (`${node.terminal} ${nodesAnswer(node)}` !== said)
      problems.push(`${shown(bytes)}: Node reads ${nodesAnswer(node)}`)
    if (untilClose && read.reusable) problems.push(`${shown(bytes)}: used again after it was closed`)
  }
  t.strictSame(problems, [])
})

t.test('the client wire reads the same however the bytes are cut', async (t) => {
  const random = new Seeded(14)
  const problems: string[] = []
  for (let i = 0; i < 300 && problems.length < 5; i++) {
    const method = random.pick(['GET', 'GET', 'HEAD'])
    const { bytes, untilClose } = makeResponse(random, method)
    const whole = JSON.stringify(readByClient(bytes, [], method, untilClose))
    for (const cuts of waysToCut(bytes)) {
      const cut = JSON.stringify(readByClient(bytes, cuts, method, untilClose))
      if (cut === whole) continue
      problems.push(`${shown(bytes)} cut at ${cuts.slice(0, 3)}: ${cut}, not ${whole}`)
      break
    }
  }
  t.strictSame(problems, [])
})

t.test('the server wire takes no spoiled request that Node refuses or reads otherwise', async (t) => {
  const random = new Seeded(15)
  const problems: string[] = []
  let accepted = 0
  for (let i = 0; i < 4000 && problems.length < 5; i++) {
    const spoiled = spoil(random, makeRequest(random).bytes)
    const bytes = Buffer.concat([spoiled, NEXT])
    const read = readByServer(bytes, random.chance(0.5) ? [] : [random.int(bytes.length)])
    const whole = read.requests.filter((request) => request.whole)
    // Node knows methods by name.
    if (whole.length === 0 || !whole.every(({ method }) => METHODS.includes(method))) continue
    if (hasFramingTrailer(spoiled) || hasBlankInExtension(spoiled)) continue
    accepted++
    const node = (await readByNodeServer(bytes)).filter((request) => request.whole)
    for (const [n, request] of whole.entries()) {
      const theirs = node[n]
      if (theirs !== undefined && nodes(theirs) === ours(request)) continue
      problems.push(`${shown(bytes)}: request ${n}: we read ${ours(request)}, Node ${theirs && nodes(theirs)}`)
      break
    }
  }
  t.strictSame(problems, [])
  t.ok(accepted > 300, `${accepted} were still requests`)
})

t.test('the client wire takes no spoiled answer for whole that Node refuses or reads otherwise', async (t) => {
  const random = new Seeded(16)
  const problems: string[] = []
  let accepted = 0
  for (let i = 0; i < 4000 && problems.length < 5; i++) {
    const generated = makeResponse(random, 'GET')
    const bytes = spoil(random, generated.bytes)
    const read = readByClient(bytes, random.chance(0.5) ? [] : [random.int(bytes.length)], 'GET', generated.untilClose)
    if (read.terminal !== 'end' || hasFramingTrailer(bytes) || hasBlankInExtension(bytes) || closesEarly(bytes))
      continue
    accepted++
    const node = await readByNodeClient(bytes, 'GET', generated.untilClose)
    if (node.terminal === 'end' && nodesAnswer(node) === ourAnswer(read)) continue
    problems.push(`${shown(bytes)}: we read ${ourAnswer(read)}, Node ${node.terminal} ${nodesAnswer(node)}`)
  }
  t.strictSame(problems, [])
  t.ok(accepted > 300, `${accepted} were still answers`)
})

/** RFC 9112 §7.1.1 has a recipient read blanks around `;` and `=` of a chunk extension; Node's parser refuses them. */
function hasBlankInExtension(bytes: Buffer): boolean {
  return /\r\n[0-9a-f]+([ \t]+;|;[^\r\n]*[ \t])/i.test(bytes.toString('latin1'))
}
