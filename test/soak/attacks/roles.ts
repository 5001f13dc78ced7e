/** Who takes part beside the sidecar, each in a process of its own: whoever floods, and the upstream that floods ask for. */
import http2 from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { floods, kindred, kindredProvocations, provocations, provoking } from '../../http2/attacks/floods.ts'
import { http2Client, type Http2Peer } from '../../support/http2-raw.ts'

export const ATTACKS: ReadonlyMap<string, (client: Http2Peer) => Promise<void>> = new Map([
  ...[...floods, ...kindred].map(([what, , flood]) => [what, flood] as const),
  ...[...provocations, ...kindredProvocations].map(
    ([what, provoke]) => [`made you reset: ${what}`, (client: Http2Peer) => provoking(client, provoke)] as const,
  ),
])

/** Until the process is ended; each connection's end is told on stdout. */
export async function attack(what: string, port: number): Promise<never> {
  const flood = ATTACKS.get(what) as (client: Http2Peer) => Promise<void>
  for (;;) {
    const client = await http2Client({ teardown() {} } as never, port)
    await flood(client)
    for (let i = 0; i < 1000 && !client.ended; i++) await sleep(1)
    client.destroy()
    process.stdout.write('.')
  }
}

/** Never answers: what a flood asks of it is work, and not to be the neighbour's. */
export async function beSilent(port: number): Promise<never> {
  const server = http2.createServer(() => {})
  server.on('sessionError', () => {})
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return new Promise(() => {})
}
