/** A simulation as a test states it: policies and model as text. */
import { loadText } from '../../src/config/load.ts'
import { formatIssue } from '../../src/config/issues.ts'
import { findConflicts } from '../../src/routing/conflicts.ts'
import { knownServices } from '../../src/simulate/model/known.ts'
import { readModel } from '../../src/simulate/model/load.ts'
import { workloadOf } from '../../src/simulate/model/workload.ts'
import { resultOf } from '../../src/simulate/report/build.ts'
import type { DestinationResult, Result, StreamResult } from '../../src/simulate/report/result.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { BLOCKS } from '../support/blocks.ts'

export const INVENTORY = 'kind: Service\nname: inventory\nendpoints: ["127.0.0.1:8081"]\n'

/** Blocks of one policy for all that goes to inventory. */
export function outbound(blocks: string): string {
  return `${INVENTORY}---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: inventory}\n${blocks}`
}

/** `model`: what stands below `kind` and `name`. */
export async function run(policies: string, model: string, seed?: number): Promise<Result> {
  const { config, issues } = loadText(policies, BLOCKS, { conflicts: findConflicts })
  if (config === undefined) throw new Error(issues.map(formatIssue).join('\n'))
  const loaded = readModel('model.yaml', `kind: Model\nname: m\n${model}`, knownServices([config]))
  if (loaded.model === undefined) throw new Error(loaded.issues.map(formatIssue).join('\n'))
  return resultOf(await simulate(config, workloadOf(loaded.model, seed), 1000), ['policy.yaml'])
}

/** The one stream of the one phase. */
export function only(result: Result): StreamResult {
  return result.phases[0]?.streams[0] as StreamResult
}

export function to(result: Result, service: string, phase = 0): DestinationResult {
  return result.phases[phase]?.destinations.find((each) => each.service === service) as DestinationResult
}
