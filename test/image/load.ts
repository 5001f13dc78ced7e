/** Clients that ask on and on: some on connections they keep, some on a new one each time. */
import { Agent, request } from 'node:http'

export interface Load {
  answered: number
  /** Ends by itself once nobody listens any more. */
  end(): Promise<{ readonly answered: number; readonly lost: readonly string[]; readonly refused: number }>
}

export function load(port: number, { kept, fresh }: { readonly kept: number; readonly fresh: number }): Load {
  let refused = 0
  const lost: string[] = []
  const agents = [...Array(kept).fill(true), ...Array(fresh).fill(false)].map(
    (keepAlive) => new Agent({ keepAlive, maxSockets: 1 }),
  )
  const client = async (agent: Agent) => {
    for (;;) {
      const outcome = await one(port, agent)
      if (outcome === '') it.answered++
      else if (outcome === 'ECONNREFUSED') {
        refused++
        return
      } else {
        lost.push(outcome)
        return
      }
    }
  }
  const it: Load = {
    answered: 0,
    end: async () => {
      await all
      for (const agent of agents) agent.destroy()
      return { answered: it.answered, lost, refused }
    },
  }
  const all = Promise.all(agents.map(client))
  return it
}

/** '' answered whole with 200; else what happened. */
function one(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/', agent }, (answer) => {
      answer.on('error', (error) => resolve(`in the answer: ${error.message}`))
      answer.on('end', () => resolve(answer.statusCode === 200 ? '' : `status ${answer.statusCode}`))
      answer.resume()
    })
    asked.on('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'ECONNREFUSED' ? 'ECONNREFUSED' : `${asked.reusedSocket ? 'kept' : 'fresh'}: ${error.message}`,
      )
    })
    asked.end()
  })
}
