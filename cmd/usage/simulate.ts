import { usage } from '../command-line/usage.ts'
import { POLICY_FILES, SIDECAR_NAME } from './shared.ts'

export const SIMULATE = usage({
  name: 'simulate',
  brief: 'what clients and upstreams would have seen under these policies, without a single socket',
  synopsis: '--config PATH… (--model FILE | --trace FILE)',
  flags: {
    config: POLICY_FILES,
    model: { value: 'FILE', says: 'the requests, and what upstreams do with them' },
    trace: { value: 'FILE', says: 'an access log, whose requests come again' },
    compare: { value: 'PATH', says: 'other policies under the same requests, and the difference', many: true },
    seed: { value: 'N', says: 'of all dice', depends: "the model's, else 1" },
    name: SIDECAR_NAME,
    interval: {
      value: 'DURATION',
      says: 'length of a row of the time line',
      depends: 'such that there are at most 60',
    },
    format: { value: 'text|json', says: 'of the result', otherwise: 'text' },
  },
  variables: 'all',
  exit: { 0: 'simulated', 1: 'policies, model or trace that may not be loaded' },
})
