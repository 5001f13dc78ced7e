import { setTimeout as pause } from 'node:timers/promises'

/** Asks until there is an answer: nothing takes effect at once in a cluster. `limit` in ms; says of `what` that it did not come. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>, limit = 30_000): Promise<T> {
  const end = performance.now() + limit
  let last: unknown
  do {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = error
    }
    await pause(50)
  } while (performance.now() < end)
  throw new Error(`${what} did not come within ${limit / 1000} s`, { cause: last })
}
