/** Plays one case through a proxy and says what is wrong with what the two sides saw. Nothing: an empty list. */
import { connect, turn } from '../../support/raw.ts'
import { type Message, Nonsense, readResponse, values } from '../../support/read-message.ts'
import type { Case } from './case.ts'

/** ms for an answer or an ending; nothing but a hang takes so long. */
const PATIENCE = 3000

/** What the judge asks of an origin. */
export interface Witness {
  /** Since the last `begin()`: whole requests, and what no sender may send. */
  readonly requests: readonly Message[]
  readonly nonsense: readonly string[]
  /** Half a message on connections that are still open. */
  readonly halves: readonly string[]
  begin(): void
}

interface Seen {
  readonly answers: readonly Message[]
  readonly ended: boolean
  readonly problem: string
}

/** Splits what the client got into answers, as strictly as an origin's reader. */
function answersIn(bytes: Buffer, heads: readonly number[], ended: boolean): Seen {
  const answers: Message[] = []
  try {
    for (let from = 0; from < bytes.length; ) {
      const method = heads.includes(answers.length) ? 'HEAD' : 'GET'
      const message = readResponse(bytes, { from, method, closed: ended })
      if (message === undefined) return { answers, ended, problem: ended ? 'the last answer is cut short' : '' }
      answers.push(message)
      from = message.next
    }
    return { answers, ended, problem: '' }
  } catch (error) {
    if (error instanceof Nonsense) return { answers, ended, problem: `the client got ${error.message}` }
    throw error
  }
}

function asked(message: Message): string | undefined {
  return values(message, 'x-asked')[0]
}

async function play(port: number, it: Case, probe: string): Promise<Seen> {
  const client = await connect(port)
  const heads = it.heads ?? []
  const request = `GET ${probe} HTTP/1.1\r\nHost: app.test\r\n\r\n`
  try {
    if (it.dribble) await client.sendCut(it.send + request, [...it.send].keys().toArray())
    else client.send(it.cut ? it.send : it.send + request)
    if (it.cut) {
      await turn()
      client.halfClose()
    }
    const served = encodeURIComponent(probe)
    const over = (): boolean => {
      if (client.ending !== 'open') return true
      return answersIn(client.received, heads, false).answers.some((answer) => asked(answer) === served)
    }
    await client.when('an answer to the probe, or the end', over, PATIENCE)
    return answersIn(client.received, heads, client.ending !== 'open')
  } catch (error) {
    return { ...answersIn(client.received, heads, false), problem: `hangs: ${(error as Error).message}` }
  } finally {
    client.destroy()
  }
}

async function follow(port: number, target: string): Promise<string[]> {
  const client = await connect(port)
  try {
    client.send(`GET ${target} HTTP/1.1\r\nHost: app.test\r\n\r\n`)
    const answer = await client.when('an answer', () => readResponse(client.received), PATIENCE)
    return asked(answer) === encodeURIComponent(target)
      ? []
      : [`the follower got ${answer.status} for ${asked(answer)}`]
  } catch (error) {
    return [`the follower: ${(error as Error).message}`]
  } finally {
    client.destroy()
  }
}

/** A half message at the origin is no harm once its connection is gone; that may take a moment. */
async function halves(origin: Witness): Promise<string[]> {
  for (let i = 0; i < 50 && origin.halves.length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  return origin.halves.map((text) => `half a message stays on a connection to the origin: ${JSON.stringify(text)}`)
}

/** Names in lower case, as HTTP/2 has them. */
function lowered(fields: readonly string[]): string[] {
  return fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text))
}

function forwarded(it: Case, own: readonly Message[], answers: readonly Message[]): string[] {
  const found: string[] = []
  const want = it.requests ?? 1
  if (own.length !== want)
    found.push(
      `${own.length} requests reached the origin instead of ${want}: ${own.map(({ start }) => start.slice(0, 60)).join(', ')}`,
    )
  const got = answers.filter((answer) => asked(answer) !== undefined).length
  if (got < want) found.push(`${got} of ${want} answers reached the client; first ${answers[0]?.start ?? 'nothing'}`)
  const first = own[0]
  if (first === undefined) return found
  const same = (what: string, value: unknown, wanted: unknown): void => {
    if (wanted !== undefined && JSON.stringify(value) !== JSON.stringify(wanted)) {
      found.push(
        `${what} at the origin: ${JSON.stringify(value)?.slice(0, 80)}, not ${JSON.stringify(wanted)?.slice(0, 80)}`,
      )
    }
  }
  same('body', first.body.toString('latin1'), it.body)
  same('trailers', lowered(first.trailers), it.trailers && lowered(it.trailers))
  same('target', first.target, it.target)
  same('Host', values(first, 'host')[0], it.host)
  for (const name of it.absent ?? []) if (values(first, name).length > 0) found.push(`${name} reached the origin`)
  for (const name of it.present ?? [])
    if (values(first, name).length === 0) found.push(`${name} did not reach the origin`)
  return found
}

function refused(it: Case, { answers, ended }: Seen, own: readonly Message[]): string[] {
  const found: string[] = []
  if (own.length > 0) found.push(`forwarded: ${own.map(({ start }) => start.slice(0, 60)).join(', ')}`)
  const right = it.status ?? [400]
  const status = answers[0]?.status
  if (it.cut) {
    if (status !== undefined && status < 400) found.push(`a message cut short got ${status}`)
  } else if (status === undefined) found.push('closed without an answer')
  else if (!right.includes(status)) found.push(`answered ${status} instead of ${right.join(' or ')}`)
  if (!ended && !it.stays) found.push('the connection stays open')
  return found
}

export async function judge(port: number, origin: Witness, it: Case, id: number): Promise<string[]> {
  origin.begin()
  const probe = `/probe-${id}`
  const target = `/follow-${id}`
  const seen = await play(port, it, probe)
  const found = [...(await follow(port, target)), ...(await halves(origin))]
  if (seen.problem !== '' && !(it.cut && seen.answers.length === 0)) found.push(seen.problem)
  for (const what of origin.nonsense) found.push(`the origin got nonsense: ${what}`)

  const own = origin.requests.filter((request) => request.target !== probe && request.target !== target)
  const probed = seen.answers.filter((answer) => asked(answer) === encodeURIComponent(probe)).length
  const inOrder = own.map((request) => encodeURIComponent(request.target))
  const got = seen.answers.flatMap((answer) => asked(answer) ?? []).slice(0, inOrder.length)
  if (got.some((one, i) => one !== inOrder[i])) found.push(`answers out of step: ${got} for ${inOrder}`)

  if (it.own !== undefined) {
    if (own.length > 0) found.push('forwarded what was to be answered here')
    if (seen.answers[0]?.status !== it.own) found.push(`answered ${seen.answers[0]?.status} instead of ${it.own}`)
  } else if (it.verdict === 'accept' || (it.verdict === 'either' && own.length > 0))
    found.push(...forwarded(it, own, seen.answers))
  else found.push(...refused(it, seen, own))
  const served = own.length > 0 || it.own !== undefined
  if (served && !it.closes && !it.cut && probed !== 1) found.push('the probe behind it was not answered')
  if (it.closes && (probed > 0 || !seen.ended)) found.push('went on with the connection')
  return found
}
