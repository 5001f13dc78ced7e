/** The way through the policies, from the outside in, as `src/policies/index.ts` has it. */
import { ATTEMPT_ORDER, PICKED_ORDER, type Place, REQUEST_ORDER } from '../../policies/index.ts'
import { sourceOf } from './facts/index.ts'
import type { AtWork, Subject } from './facts/source.ts'
import type { Explained } from './report.ts'

type Step = Explained['order'][number]

/** Blocks in shadow mode are in their place too: they watch from there. */
export function orderOf(subject: Subject, shadowed: AtWork): readonly Step[] {
  const step = ({ policy, part, why }: Place): Step => {
    const source = sourceOf(policy)
    const puts = (config: unknown) => config !== undefined && (source.puts?.(config, part, subject) ?? true)
    const name = source.step?.(part) ?? (part === 'picked' ? `${policy} of the endpoint` : policy)
    const isShadow = puts(shadowed[policy])
    return { step: name, atWork: puts(subject.blocks[policy]) || isShadow, shadow: isShadow, why }
  }
  return [
    ...REQUEST_ORDER.map(step),
    ...ATTEMPT_ORDER.map(step),
    {
      step: 'pick an endpoint',
      atWork: true,
      shadow: false,
      why: 'an attempt exists once an endpoint is picked',
    },
    ...PICKED_ORDER.map(step),
    { step: 'connection', atWork: true, shadow: false, why: 'a pooled one of that endpoint, or a new one' },
  ]
}
