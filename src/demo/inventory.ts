/**
 * The sample inventory service: answers in a few ms, until it is told to take 20 s. It can do any number of calls at a
 * time; its slowness is a database's, not a lack of threads. Controls, past every policy:
 * `POST /control {"latencyMs": 20000}` changes the latency of calls that arrive from now on;
 * `GET /control` tells how many calls have arrived, and how many are being held.
 */
import { answer, readJson, serve } from './http.ts'
import { after } from './time.ts'

export interface InventoryOptions {
  readonly port: number
  readonly latencyMs: number
}

/** Starts it and resolves with `HOST:PORT`. */
export async function startInventory(options: InventoryOptions): Promise<string> {
  let latency = options.latencyMs
  let calls = 0
  let held = 0
  const { listen } = await serve(options.port, (message, response, url) => {
    if (url.pathname === '/control') {
      readJson(message, (order) => {
        if (typeof order?.['latencyMs'] === 'number') latency = order['latencyMs']
        answer(response, 200, { latencyMs: latency, calls, held })
      })
      return
    }
    message.resume()
    const sku = decoded(/^\/api\/stock\/([^/]+)$/.exec(url.pathname)?.[1] ?? '')
    if (sku === '' || message.method !== 'GET') {
      answer(response, 404, { error: 'unknown path' })
      return
    }
    calls++
    held++
    const work = after(latency, () => answer(response, 200, { sku, available: 1_000_000 }))
    response.on('close', () => {
      held--
      work.cancel()
    })
  })
  return listen
}

/** '' where it is not to be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
