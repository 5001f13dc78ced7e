/** What a key protects from, for how long, and how far the protection reaches. */
import { LONGEST_WAIT } from '../../../policies/idempotency/decide.ts'
import type { IdempotencyConfig } from '../../../policies/idempotency/policy.ts'
import type { Fact } from '../report.ts'
import type { FactSource } from './source.ts'
import { duration } from './words.ts'

export const idempotency: FactSource<IdempotencyConfig> = {
  facts: (config) => (config === undefined ? [] : [protection(config)]),
  step: (part) => (part === 'picked' ? 'idempotency: what may have been sent' : 'idempotency'),
}

function protection(config: IdempotencyConfig): Fact {
  const { header, ttl, store, required, onConcurrent, onUnknown } = config
  const wait = `waits for the first, ${duration(LONGEST_WAIT)} at most`
  const text = [
    `a POST or PATCH with ${header} is carried out once in ${duration(ttl)}; who repeats it gets the first answer.`,
    store === 'memory'
      ? 'Kept in memory: another replica, and this one once restarted, know nothing of it.'
      : `Kept in ${store.redis.url}, for all replicas; while it does not answer, ${ON_ERROR[config.onStoreError]}.`,
    `A second one beside the first ${onConcurrent === 'wait' ? wait : 'gets 409'}.`,
    `Where nobody knows whether it was carried out, ${ON_UNKNOWN[onUnknown]}.`,
    required ? 'Without a key it is refused with 400.' : 'Without a key nothing changes.',
  ]
  return { name: 'idempotency', value: ttl, text: text.join(' ') }
}

const ON_ERROR = { refuse: 'keyed requests are refused with 503', proceed: 'keyed requests go on unprotected' }
const ON_UNKNOWN = {
  hold: 'the key gets 409 until its time is over',
  release: 'the key is free, and the next one is carried out, perhaps for the second time',
}
