/**
 * Conversations with mistakes in them. Nothing throws, nothing waits for ever, and what our wires take for a whole message
 * Node's nghttp2 takes for one too, and reads the same, unless it has ended the connection where RFC 9113 has a stream
 * ended; then ours must have said that something is wrong.
 */
import t from 'tap'
import { PREFACE } from '../../src/http2/frames.ts'
import { Seeded } from '../support/seeded.ts'
import { makeAnswers, makeRequests } from './conversations.ts'
import { known } from './field-lists.ts'
import { type ReadAnswer, readByClient } from './read-client.ts'
import type { Written } from './read-frames.ts'
import { type NodeMessage, type NodeReading, readByNodeClient, readByNodeServer, units } from './read-node.ts'
import { type ReadRequest, readByServer } from './read-server.ts'
import { spoil } from './spoil.ts'

const ROUNDS = 2000

/** What HTTP/1.1 could carry without a second meaning. */
function wellFormed(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(fields[i] as string)) return false
    if (!/^(?![ \t])[\t\x20-\x7e\x80-\xff]*(?<![ \t])$/.test(fields[i + 1] as string)) return false
  }
  return true
}

function cuts(random: Seeded, bytes: Buffer): number[] {
  return random.chance(0.5) ? [] : [random.between(1, bytes.length - 1)]
}

function hex(frames: readonly Buffer[]): string {
  return frames
    .map((frame) => frame.toString('hex'))
    .join(' ')
    .slice(0, 3000)
}

/** The peer heard of it: GOAWAY or RST_STREAM, with an error. */
function complained(written: Written): boolean {
  return written.goaway > 0 || Object.values(written.streams).some(({ reset }) => reset > 0)
}

/** The last frame and the last header block are whole: nothing is waited for. */
function isWhole(frames: readonly Buffer[]): boolean {
  const last = frames.at(-1) as Buffer
  const blocks = frames.filter((frame) => frame.length < 9 || frame[3] === 1 || frame[3] === 9)
  return last.length >= 9 && last.length === 9 + last.readUIntBE(0, 3) && ((blocks.at(-1)?.[4] ?? 4) & 4) !== 0
}

/**
 * What Node ends a connection for, and nobody has to: an ACK to no PING, extensions that it knows and we do not (ALTSVC,
 * ORIGIN, PRIORITY_UPDATE), DATA without a byte of body that ends nothing before a head.
 */
function isStricterInNode(frames: readonly Buffer[]): boolean {
  return frames.some((frame) => {
    const [type, flags] = [frame[3] as number, frame[4] as number]
    const body = frame.length - 9 - ((flags & 8) === 0 ? 0 : 1 + (frame[9] as number))
    if (type === 0) return body <= 0 && (flags & 1) === 0
    return (type === 6 && (flags & 1) !== 0) || type === 10 || type === 12 || type === 16
  })
}

function requestText({ method, target, authority, headers, body, trailers }: ReadRequest): string {
  return JSON.stringify([method, target, authority, known(headers), body, known(trailers)])
}

function answerText({ status, headers, body, trailers }: ReadAnswer): string {
  return JSON.stringify([String(status), known(headers), body, known(trailers)])
}

function nodeText({ raw, body, trailers }: NodeMessage, pseudo: readonly string[]): string {
  return JSON.stringify([...pseudo.map((name) => raw[raw.indexOf(name) + 1]), known(raw), body, known(trailers)])
}

/** What Node has whole of what is whole to us. */
function judge(ours: readonly string[], node: NodeReading, pseudo: readonly string[]): string {
  const theirs = [...node.messages.values()].filter(({ whole }) => whole).map((message) => nodeText(message, pseudo))
  const missing: string[] = []
  for (const text of ours) {
    const at = theirs.indexOf(text)
    if (at >= 0) theirs.splice(at, 1)
    else missing.push(text)
  }
  // Having ended the connection it did not read the rest; but what it did read it must have read as we did.
  if (missing.length === 0 || (node.fatal !== '' && theirs.length === 0)) return ''
  return `we read ${missing}, Node ${JSON.stringify([...node.messages])} ${node.fatal}`
}

t.test('the server side takes no spoiled request that Node refuses or reads otherwise', async (t) => {
  const random = new Seeded(81)
  const problems: string[] = []
  const seen = { whole: 0, refused: 0, compared: 0 }
  for (let i = 0; i < ROUNDS && problems.length < 5; i++) {
    const spoiled = spoil(random, makeRequests(random, random.between(1, 4), 60).frames, 1)
    const bytes = Buffer.concat(spoiled)
    const { requests, refusals, defects, written } = readByServer(bytes, cuts(random, bytes), true)
    const split = units(bytes, PREFACE.length)
    const node = await readByNodeServer(split)
    const whole = requests.filter(({ terminal }) => terminal === 'end')
    const found = [...defects, judge(whole.map(requestText), node, [':method', ':path', ':authority'])]
    if (refusals.length > 0 && !complained(written)) found.push(`${refusals}, and nobody heard`)
    if (node.fatal !== '' && isWhole(split) && !isStricterInNode(split) && !complained(written))
      found.push(`nothing said where Node has ${node.fatal}`)
    for (const { method, target, authority, headers, trailers } of requests) {
      const line = [method.toLowerCase(), `${target}${authority}`]
      if (!wellFormed([...headers, ...trailers, ...line]))
        found.push(JSON.stringify([method, target, authority, headers, trailers]))
    }
    for (const problem of found) if (problem !== '') problems.push(`${problem}: ${hex(spoiled)}`)
    seen.whole += whole.length
    if (refusals.length > 0) seen.refused++
    if (node.fatal === '') seen.compared += whole.length
  }
  t.strictSame(problems, [])
  t.ok(seen.whole > 2000 && seen.refused > 500 && seen.compared > 1000, JSON.stringify(seen))
})

t.test('the client side takes no spoiled answer for whole that Node refuses or reads otherwise', async (t) => {
  const random = new Seeded(82)
  const problems: string[] = []
  const seen = { whole: 0, failed: 0, compared: 0 }
  for (let i = 0; i < ROUNDS && problems.length < 5; i++) {
    const { frames, meant } = makeAnswers(random, random.between(1, 4), 60)
    // Node ends a connection for an ACK that comes twice; nobody needs to.
    const spoiled = spoil(random, frames, 2)
    const bytes = Buffer.concat(spoiled)
    const bodies = meant.map(() => '')
    const { answers, defects, written } = readByClient(bytes, cuts(random, bytes), bodies, true)
    const split = units(bytes, 0)
    const node = await readByNodeClient(split, meant.length)
    const whole = answers.filter(({ terminal }) => terminal === 'end')
    const found = [...defects, judge(whole.map(answerText), node, [':status'])]
    if (node.fatal !== '' && isWhole(split) && !isStricterInNode(split) && !complained(written))
      found.push(`nothing said where Node has ${node.fatal}`)
    for (const { headers, trailers } of answers) {
      if (!wellFormed([...headers, ...trailers])) found.push(JSON.stringify([headers, trailers]))
    }
    for (const problem of found) if (problem !== '') problems.push(`${problem}: ${hex(spoiled)}`)
    seen.whole += whole.length
    seen.failed += answers.length - whole.length
    if (node.fatal === '') seen.compared += whole.length
  }
  t.strictSame(problems, [])
  t.ok(seen.whole > 2000 && seen.failed > 500 && seen.compared > 1000, JSON.stringify(seen))
})
