/**
 * Frames in every form and however they are cut: what our server side and our client side read is what was meant, and the
 * same as Node's own. Generated conversations here; those of real clients in differential-recorded.test.ts.
 */
import t from 'tap'
import { Seeded } from '../support/seeded.ts'
import { makeAnswers, makeRequests, type Message } from './conversations.ts'
import { type ReadAnswer, readByClient } from './read-client.ts'
import { type NodeMessage, readByNodeClient, readByNodeServer } from './read-node.ts'
import { type ReadRequest, readByServer } from './read-server.ts'
import { waysToCut } from './cuts.ts'

function meantRequest({ start, fields, body, trailers }: Message): unknown {
  return [start, fields.flat(), body, trailers.flat()]
}

function readRequest({ method, target, headers, body, trailers }: ReadRequest): unknown {
  return [
    [method, target],
    headers.length > 0 && headers.at(-2) === 'content-length' ? headers.slice(0, -2) : headers,
    body,
    trailers,
  ]
}

function readAnswer({ status, headers, body, trailers }: ReadAnswer): unknown {
  return [[String(status)], headers, body, trailers]
}

function same(is: unknown, should: unknown): string {
  const [a, b] = [JSON.stringify(is), JSON.stringify(should)]
  return a === b ? '' : `is ${a.slice(0, 3000)}, should be ${b.slice(0, 3000)}`
}

t.test('the server side reads generated conversations as they are meant, and answers each', async (t) => {
  const random = new Seeded(71)
  const problems: string[] = []
  for (let i = 0; i < 1000 && problems.length < 3; i++) {
    const { frames, meant } = makeRequests(random, random.between(1, 6), 3000)
    const { requests, refusals, defects, written } = readByServer(Buffer.concat(frames), [])
    const problem =
      same([requests.map(readRequest), refusals, defects], [meant.map(meantRequest), [], []]) ||
      same(
        meant.map((_, n) => written.streams[2 * n + 1]),
        meant.map(({ body }) => ({
          heads: [
            [
              [':status', '200'],
              ['x-t-echo', 'yes'],
            ],
            [['x-t-size', String(body.length)]],
          ],
          ...{ body, ended: true, reset: -1 },
        })),
      )
    if (problem !== '') problems.push(`conversation ${i}: ${problem}`)
  }
  t.strictSame(problems, [])
})

t.test('the client side reads generated conversations as they are meant', async (t) => {
  const random = new Seeded(72)
  const problems: string[] = []
  for (let i = 0; i < 1000 && problems.length < 3; i++) {
    const { frames, meant } = makeAnswers(random, random.between(1, 6), 3000)
    const { answers, defects } = readByClient(
      Buffer.concat(frames),
      [],
      meant.map(() => ''),
    )
    const ends = answers.map(({ terminal }) => terminal)
    const problem = same(
      [answers.map(readAnswer), ends, defects],
      [meant.map(meantRequest), meant.map(() => 'end'), []],
    )
    if (problem !== '') problems.push(`conversation ${i}: ${problem}`)
  }
  t.strictSame(problems, [])
})

function readNode({ raw, body, trailers, whole }: NodeMessage, pseudo: readonly string[]): unknown {
  const start = pseudo.map((name) => raw[raw.indexOf(name) + 1])
  return [start, raw.filter((_, i) => !(raw[i - (i % 2)] as string).startsWith(':')), body, trailers, whole]
}

t.test("and Node's server and client read them so, too", async (t) => {
  const random = new Seeded(75)
  const problems: string[] = []
  for (let i = 0; i < 200 && problems.length < 3; i++) {
    const requests = makeRequests(random, random.between(1, 6), 3000)
    const heard = await readByNodeServer(requests.frames)
    const answers = makeAnswers(random, random.between(1, 6), 3000)
    const answered = await readByNodeClient(answers.frames, answers.meant.length)
    const problem =
      same(
        [heard.fatal, [...heard.messages.values()].map((message) => readNode(message, [':method', ':path']))],
        ['', requests.meant.map((message) => [...(meantRequest(message) as unknown[]), true])],
      ) ||
      same(
        [answered.fatal, [...answered.messages.values()].map((message) => readNode(message, [':status']))],
        ['', answers.meant.map((message) => [...(meantRequest(message) as unknown[]), true])],
      )
    if (problem !== '') problems.push(`conversation ${i}: ${problem}`)
  }
  t.strictSame(problems, [])
})

t.test('the server side reads the same however the bytes are cut', async (t) => {
  const random = new Seeded(73)
  const problems: string[] = []
  for (let i = 0; i < 40 && problems.length < 3; i++) {
    const bytes = Buffer.concat(makeRequests(random, random.between(1, 4), 60).frames)
    const whole = readByServer(bytes, [])
    for (const cuts of waysToCut(bytes)) {
      const problem = same(readByServer(bytes, cuts), whole)
      if (problem !== '') problems.push(`conversation ${i} cut at ${cuts.slice(0, 3)}: ${problem}`)
      if (problem !== '') break
    }
  }
  t.strictSame(problems, [])
})

t.test('the client side reads the same however the bytes are cut', async (t) => {
  const random = new Seeded(74)
  const problems: string[] = []
  for (let i = 0; i < 40 && problems.length < 3; i++) {
    const { frames, meant } = makeAnswers(random, random.between(1, 4), 60)
    const bytes = Buffer.concat(frames)
    const bodies = meant.map(() => '')
    const whole = readByClient(bytes, [], bodies)
    for (const cuts of waysToCut(bytes)) {
      const problem = same(readByClient(bytes, cuts, bodies), whole)
      if (problem !== '') problems.push(`conversation ${i} cut at ${cuts.slice(0, 3)}: ${problem}`)
      if (problem !== '') break
    }
  }
  t.strictSame(problems, [])
})
