/** The loader of every command: files, the schemas of our policies, and what is wrong between policies, in one report. */
import { type Loaded, type LoadOptions, loadConfig } from '../config/load.ts'
import type { BlockSchema } from '../config/schema/policy.ts'
import { breaker } from '../policies/breaker/policy.ts'
import { bulkhead } from '../policies/bulkhead/policy.ts'
import { fallback } from '../policies/fallback/policy.ts'
import { retry } from '../policies/retry/policy.ts'
import { timeout } from '../policies/timeout/policy.ts'
import { findConflicts } from '../routing/conflicts.ts'

export const BLOCKS: readonly BlockSchema[] = [timeout, retry, bulkhead, breaker, fallback]

export function checkConfig(paths: readonly string[], options: LoadOptions = {}): Loaded {
  return loadConfig(paths, BLOCKS, { conflicts: findConflicts, ...options })
}
