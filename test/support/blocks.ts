/** The blocks of this version as the loader is handed them: schemas only, no layers. */
import type { BlockSchema } from '../../src/config/schema/policy.ts'
import { schema as breaker } from '../../src/policies/breaker/schema.ts'
import { schema as bulkhead } from '../../src/policies/bulkhead/schema.ts'
import { schema as fallback } from '../../src/policies/fallback/schema.ts'
import { schema as retry } from '../../src/policies/retry/schema.ts'
import { schema as timeout } from '../../src/policies/timeout/schema.ts'

export const BLOCKS: readonly BlockSchema[] = [
  { name: 'timeout', schema: timeout, directions: ['inbound', 'outbound'] },
  { name: 'retry', schema: retry, directions: ['inbound', 'outbound'] },
  { name: 'bulkhead', schema: bulkhead, directions: ['inbound', 'outbound'] },
  { name: 'breaker', schema: breaker, directions: ['outbound'] },
  { name: 'fallback', schema: fallback, directions: ['inbound', 'outbound'] },
]
