/** The way through the policies, from the outside in, as `src/policies/index.ts` has it. */
import { ATTEMPT_ORDER, PICKED_ORDER, type Place, REQUEST_ORDER } from '../../policies/index.ts'
import { sourceOf } from './facts/index.ts'
import type { AtWork, Subject } from './facts/source.ts'
import type { Explained } from './report.ts'

type Step = Explained['order'][number]

/** What watches stands outside of what acts, in the same place. */
export function orderOf(subject: Subject, shadowed: AtWork): readonly Step[] {
  const steps = ({ policy, part, why }: Place): Step[] => {
    const source = sourceOf(policy)
    const puts = (config: unknown) => config !== undefined && (source.puts?.(config, part, subject) ?? true)
    const step = source.step?.(part) ?? (part === 'picked' ? `${policy} of the endpoint` : policy)
    const acts: Step = { step, atWork: puts(subject.blocks[policy]), shadow: false, why }
    return puts(shadowed[policy]) ? [{ step, atWork: true, shadow: true, why }, acts] : [acts]
  }
  return [
    ...REQUEST_ORDER.flatMap(steps),
    ...ATTEMPT_ORDER.flatMap(steps),
    { step: 'pick an endpoint', atWork: true, shadow: false, why: 'an attempt exists once an endpoint is picked' },
    ...PICKED_ORDER.flatMap(steps),
    { step: 'connection', atWork: true, shadow: false, why: 'a pooled one of that endpoint, or a new one' },
  ]
}
