/** G1–G9 and byte-identical replays through generated histories with several attempts in flight. */
import type { Layer } from '../../../src/core/exchange.ts'
import { ReplayAccount } from '../../../src/core/replay-buffer.ts'
import { hedge, type HedgeConfig } from '../../../src/policies/hedge/policy.ts'
import { retry } from '../../../src/policies/retry/policy.ts'
import { checked } from '../../contract/checked.ts'
import { calls } from '../../contract/grpc-calls.ts'
import { contractSuite } from '../../contract/suite.ts'
import { testScope } from '../../support/stubs.ts'
import { DEFAULTS } from '../retry/scene.ts'

const STATED: HedgeConfig = { after: 20, maxExtra: 1, budget: 1, methods: ['GET', 'HEAD', 'PUT', 'POST'] }

/** `limit`: bytes that replay buffers may hold together. */
function suite(name: string, config: HedgeConfig, limit = 1e6, around = (layer: Layer) => layer, below = false): void {
  contractSuite(
    name,
    ({ clock, random, ledger }) => {
      const replay = new ReplayAccount(limit)
      const scope = { ...testScope(), clock, random, replay }
      const race = hedge.create(config, scope).request as Layer
      const again = retry.create({ ...DEFAULTS, max: 0 }, scope).request as Layer
      const layer: Layer = below
        ? (next) => checked(race, 'hedge', ledger)(checked(again, 'retry', ledger)(next))
        : race
      const atRest = () => (replay.used === 0 ? [] : [`${replay.used} bytes are still held for a replay`])
      return { layer: around(layer), atRest }
    },
    { runs: 1000 },
  )
}

suite('hedge', STATED)
suite('hedge soon and often', { ...STATED, after: 1, maxExtra: 5 })
suite('hedge with little to keep bodies in', STATED, 30_000)
suite('hedge of gRPC calls', STATED, 1e6, calls)
suite('hedge of gRPC calls, soon and often', { ...STATED, after: 1, maxExtra: 5 }, 1e6, calls)
suite('hedge over the transparent retry', STATED, 1e6, undefined, true)
suite('hedge of gRPC calls over the transparent retry', STATED, 60_000, calls, true)
