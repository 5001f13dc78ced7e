/** A configuration as it can be simulated: nothing in it reaches beyond this process. */
import type { BlockStatement, Config, SidecarDocument } from '../config/model.ts'

/** Where a sidecar listens whose file does not say it: the flags of `run` would. */
const INBOUND = { host: '127.0.0.1', port: 19_000 }
const APPLICATION = { host: '127.0.0.1', port: 8080 }

export function adapted(config: Config): Config {
  return {
    ...config,
    sidecar: withApplication(config.sidecar),
    policies: config.policies.map((policy) => ({ ...policy, blocks: policy.blocks.map(withoutRedis) })),
  }
}

/** Of several inbound listeners the first: a workload does not say which. Nothing is redirected here. */
function withApplication(sidecar: SidecarDocument): SidecarDocument {
  const first = sidecar.inbound[0] ?? { listen: INBOUND, app: APPLICATION, protocol: 'auto', tls: undefined }
  return { ...sidecar, inbound: [first.app === 'original' ? { ...first, app: APPLICATION } : first] }
}

/** A store is another process with a time of its own; one sidecar alone sees the same in memory. */
function withoutRedis(block: BlockStatement): BlockStatement {
  if (block.block !== 'idempotency' || block.config['store'] === 'memory') return block
  return { ...block, config: { ...block.config, store: 'memory' } }
}
