import t from 'tap'
import { PairingWorld, type Version } from './pairings-world.ts'

const VERSIONS: readonly Version[] = ['http1', 'http2']

for (const down of VERSIONS) {
  for (const up of VERSIONS) {
    t.test(`clients of ${down} and origins of ${up}: both wires keep the contract towards each other`, async (t) => {
      const first = Number(process.env.CONTRACT_SEED ?? 1)
      const last = Number(process.env.CONTRACT_SEED ?? process.env.CONTRACT_RUNS ?? 150)
      const failures: string[] = []
      for (let seed = first; seed <= last && failures.length < 3; seed++) {
        const world = new PairingWorld(seed, down, up)
        await world.run()
        if (world.problems.length > 0) failures.push(`seed ${seed}: ${world.problems.slice(0, 3).join(' | ')}`)
      }
      t.strictSame(failures, [])
    })
  }
}
