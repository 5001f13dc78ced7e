/** The pools behind TLS as a `Dispatch`: requests wait for handshakes, and all the rest is as in plain text. */
import tls from 'node:tls'
import t from 'tap'
import { TlsMaterial } from '../../src/net/tls-material.ts'
import { Authority } from '../support/certificates.ts'
import { PoolWorld, type Secured } from './http2-pool-world.ts'

const authority = new Authority('root')
const ca = Buffer.from(authority.cert)
const context = tls.createSecureContext({ ca })
const secured: Secured = {
  server: authority.issue({ names: ['origin'] }),
  client: { material: new TlsMaterial({ cert: undefined, key: undefined, ca, context }), serverName: 'origin' },
}

t.test('an endpoint behind TLS keeps the contract through generated histories over real sockets', async (t) => {
  const first = Number(process.env.CONTRACT_SEED ?? 1)
  const last = Number(process.env.CONTRACT_SEED ?? process.env.CONTRACT_RUNS ?? 200)
  const failures: string[] = []
  for (let seed = first; seed <= last && failures.length < 3; seed++) {
    const world = new PoolWorld(seed, undefined, secured)
    await world.run()
    if (world.problems.length > 0) failures.push(`seed ${seed}: ${world.problems.slice(0, 3).join(' | ')}`)
  }
  t.strictSame(failures, [])
})
