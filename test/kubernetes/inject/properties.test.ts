import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { mutate } from '../../../src/kubernetes/inject/mutate.ts'
import { longRunning, type Pod, placed } from '../../../src/kubernetes/inject/pod.ts'
import { withoutInjection } from '../../../src/kubernetes/inject/strip.ts'
import { applyPatch } from '../../support/fake-api.ts'
import { defaulted, NAMESPACE, otherMutator, randomPod, SERVER, settings } from '../../support/pods.ts'
import { Seeded } from '../../support/seeded.ts'

const MODES = [
  ['redirect', settings()],
  ['redirect, with a secret', settings('imagePullSecrets: [registry]\n')],
  ['redirect, legacy', settings('nativeSidecar: never\n')],
  ['named-port', settings('interception: named-port\n')],
  ['named-port, legacy', settings('interception: named-port\nnativeSidecar: never\n')],
  ['redirect, endpointslice', settings('discovery: endpointslice\n')],
  ['none', settings('interception: none\n')],
] as const
const PODS = 60
const isOurs = (name: string): boolean => ['outrigger-init', 'outrigger-proxy'].includes(name)

for (const [mode, its] of MODES) {
  const inject = (pod: Pod): Pod => {
    const { patch, outcome } = mutate(pod, NAMESPACE, its, SERVER)
    if (outcome !== 'injected' && outcome !== 'unchanged') throw new Error(outcome)
    return applyPatch(pod, patch) as Pod
  }
  /** The pods, by number, for which a sentence comes back. */
  const failing = (seed: number, test: (pod: Pod, dice: () => number) => string | undefined): string[] => {
    const random = new Seeded(seed)
    const dice = () => random.fraction()
    return Array.from({ length: PODS }, (_, i) => [i, test(randomPod(dice), dice)] as const).flatMap(([i, why]) =>
      why === undefined ? [] : [`pod ${i}: ${why}`],
    )
  }

  t.test(`${mode}: what was injected can be taken out again, to the last field`, async (t) => {
    const problems = failing(1, (pod) => {
      const back = withoutInjection(inject(pod))
      return isDeepStrictEqual(back, pod) ? undefined : `${JSON.stringify(pod)} became ${JSON.stringify(back)}`
    })
    t.same(problems, [])
  })

  t.test(
    `${mode}: what was copied from a live pod without its sidecar becomes what the pod itself would have`,
    async (t) => {
      const problems = failing(7, (pod, dice) => {
        const copied = structuredClone(inject(pod)) as unknown as {
          spec: Record<string, { name: string }[] | undefined>
        }
        const left = [...(dice() < 0.5 ? ['outrigger-init'] : []), ...(dice() < 0.5 ? ['outrigger-policy'] : [])]
        for (const key of ['containers', 'initContainers', 'volumes']) {
          copied.spec[key] = copied.spec[key]?.filter(
            ({ name }) => !name.startsWith('outrigger-') || left.includes(name),
          )
        }
        const [again, wanted] = [inject(copied as unknown as Pod), inject(pod)]
        return isDeepStrictEqual(again, wanted)
          ? undefined
          : `${JSON.stringify(wanted)} became ${JSON.stringify(again)}`
      })
      t.same(problems, [])
    },
  )

  t.test(`${mode}: a second call, after the API server's defaults, changes nothing`, async (t) => {
    const problems = failing(2, (pod) => {
      const { outcome, patch } = mutate(defaulted(inject(defaulted(pod))), NAMESPACE, its, SERVER)
      return outcome === 'unchanged' && patch.length === 0 ? undefined : `${outcome} ${JSON.stringify(patch)}`
    })
    t.same(problems, [])
  })

  t.test(`${mode}: another mutator, before or after, finds its work kept and ours whole`, async (t) => {
    const problems = failing(3, (plain, dice) => {
      const pod = defaulted(plain)
      const before = inject(otherMutator(pod, dice))
      const after = inject(defaulted(otherMutator(inject(pod), dice)))
      return wrongWith(before, mode) ?? wrongWith(after, mode)
    })
    t.same(problems, [])
  })

  const wrongWith = (result: Pod, mode: string): string | undefined => {
    const names = placed(result).map(({ container }) => container.name)
    if (new Set(names).size !== names.length) return `a container twice: ${names}`
    if (!names.includes('outrigger-proxy') || !names.includes('agent')) return `one is lost: ${names}`
    const { patch } = mutate(defaulted(result), NAMESPACE, its, SERVER)
    if (patch.length > 0) return `left to do: ${JSON.stringify(patch)}`
    if (!mode.startsWith('redirect')) return undefined
    const agent = longRunning(result, isOurs).find(({ container }) => container.name === 'agent')?.container
    if (agent?.livenessProbe?.httpGet?.path !== '/app-health/agent/livez') return 'its probe passes by the sidecar'
    const env = placed(result).find(({ container }) => container.name === 'outrigger-proxy')?.container.env
    const known = env?.find(({ name }) => name === 'APP_PROBES')?.value ?? ''
    return known.includes('"agent/livez"') ? undefined : 'the sidecar does not know its probe'
  }

  t.test(`${mode}: no list of the pod's is replaced, and all that was in it keeps its order`, async (t) => {
    const problems = failing(4, (pod) => {
      const { patch } = mutate(pod, NAMESPACE, its, SERVER)
      if (patch.some(({ op, value }) => op === 'replace' && Array.isArray(value))) return 'a list is replaced'
      const result = applyPatch(pod, patch) as Pod
      for (const list of ['containers', 'initContainers', 'volumes'] as const) {
        const left = (result.spec[list] ?? []).filter(
          ({ name }) => !isOurs(name) && !['outrigger-policy', 'outrigger-api'].includes(name),
        )
        if (String(left.map(({ name }) => name)) !== String((pod.spec[list] ?? []).map(({ name }) => name))) return list
      }
      return undefined
    })
    t.same(problems, [])
  })
}
