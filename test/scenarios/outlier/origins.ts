/**
 * Three endpoints in one process: `node origins.ts`. The first does as it is told: `POST /control {"mode": "500"}`, where
 * the mode is `well`, `500`, `reset` or `hang`; answered by what each has seen since the last time.
 */
import { answer, readJson, serve } from '../../../src/demo/http.ts'
import { dieWithParent } from '../../../src/demo/lifeline.ts'

export interface Seen {
  /** Requests by endpoint, and those among them that were writes. */
  readonly calls: readonly number[]
  readonly writes: readonly number[]
}

const ENDPOINTS = 3

async function main(): Promise<void> {
  dieWithParent()
  let mode = 'well'
  let calls: number[] = new Array(ENDPOINTS).fill(0)
  let writes: number[] = new Array(ENDPOINTS).fill(0)
  const endpoint = (index: number) =>
    serve(0, (message, response, url) => {
      if (url.pathname === '/control') {
        readJson(message, (order) => {
          const seen: Seen = { calls, writes }
          calls = new Array(ENDPOINTS).fill(0)
          writes = new Array(ENDPOINTS).fill(0)
          if (typeof order?.['mode'] === 'string') mode = order['mode']
          answer(response, 200, seen)
        })
        return
      }
      message.resume()
      calls[index] = (calls[index] as number) + 1
      if (message.method === 'POST') writes[index] = (writes[index] as number) + 1
      if (index > 0 || mode === 'well') answer(response, 200, { endpoint: index })
      else if (mode === '500') answer(response, 500)
      else if (mode === 'reset') message.socket.resetAndDestroy()
    })
  const listening = []
  for (let i = 0; i < ENDPOINTS; i++) listening.push((await endpoint(i)).listen)
  process.stderr.write(`${JSON.stringify({ msg: 'ready', listen: listening.join(' ') })}\n`)
}

await main()
