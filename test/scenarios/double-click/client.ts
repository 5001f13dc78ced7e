/** A click: one POST with a key, and all that was answered. */
import { Agent, request } from 'node:http'

export interface Answer {
  /** 0: the connection broke, or the client left. */
  readonly status: number
  /** `Idempotent-Replayed` is there. */
  readonly replayed: boolean
  /** Status, fields and body as they came, without that mark and what belongs to the connection. */
  readonly bytes: string
  readonly reason: string
}

const BROKEN: Answer = { status: 0, replayed: false, bytes: '', reason: '' }

/** What each hop writes for itself (a replica names itself in Via), and the mark. */
const HOP = ['connection', 'keep-alive', 'via', 'idempotent-replayed']

export class Clicker {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

  /** `leaveAfter`: ms after which the client hangs up; 0 never. */
  click(address: string, key: string, body: unknown, leaveAfter = 0): Promise<Answer> {
    const text = JSON.stringify(body)
    const [host, port] = address.split(':')
    return new Promise((resolve) => {
      const call = request({
        ...{ host, port, method: 'POST', path: '/api/orders', agent: this.#agent },
        headers: { 'content-type': 'application/json', 'content-length': text.length, 'idempotency-key': key },
      })
      const leave = leaveAfter > 0 ? setTimeout(() => call.destroy(), leaveAfter) : undefined
      const done = (answer: Answer): void => {
        clearTimeout(leave)
        resolve(answer)
      }
      call.on('error', () => done(BROKEN))
      call.on('response', (message) => {
        const chunks: Buffer[] = []
        message.on('data', (chunk: Buffer) => chunks.push(chunk))
        message.on('error', () => done(BROKEN))
        message.on('end', () => {
          const fields = message.rawHeaders.map((text, i) =>
            i % 2 === 0 ? `${text}: ${message.rawHeaders[i + 1]}` : '',
          )
          const kept = fields.filter((field) => field !== '' && !HOP.includes(field.split(':')[0]!.toLowerCase()))
          done({
            status: message.statusCode ?? 0,
            replayed: message.headers['idempotent-replayed'] === 'true',
            bytes: [message.statusCode, ...kept, Buffer.concat(chunks).toString('latin1')].join('\n'),
            reason: String(message.headers['x-outrigger-reason'] ?? ''),
          })
        })
      })
      call.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** How many of each status, with the reason where it is one of ours: `201 ×900, 409 idempotency_unknown ×100`. */
export function tallied(answers: readonly Answer[]): string {
  const counts = new Map<string, number>()
  for (const { status, reason } of answers) {
    const what = status === 0 ? 'broken' : `${status}${reason === '' ? '' : ` ${reason}`}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts]
    .sort()
    .map(([what, count]) => `${what} ×${count}`)
    .join(', ')
}
