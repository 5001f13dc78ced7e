/** The inverse of injection, for one object of a manifest. */
import type { KubernetesObject } from '../../api/object.ts'
import { ADDED, LABEL } from '../names.ts'
import type { Pod } from '../pod.ts'
import { same } from '../patch.ts'
import { withoutInjection } from '../strip.ts'
import { templateOf } from '../template.ts'
import { type Outcome, replaceAt } from './inject-object.ts'

export function uninjectObject(object: KubernetesObject, path?: readonly string[]): Outcome {
  const template = templateOf(object, path)
  if (template === undefined) return { object, result: 'skipped', why: 'it makes no pods', warnings: [] }
  const { pod, path: way } = template
  const back = withoutLabel(withoutInjection(pod))
  if (same(back, pod)) return { object, result: 'skipped', why: 'there is nothing of ours in it', warnings: [] }
  // Templates of Jobs often have no metadata of their own.
  const { metadata, ...rest } = back
  const bare = way.length > 0 && Object.keys(metadata).length === 0
  return {
    object: replaceAt(object, way, bare ? (rest as Pod) : back, bare ? ['metadata'] : []),
    result: 'injected',
    why: '',
    warnings: [],
  }
}

function withoutLabel(pod: Pod): Pod {
  const { labels, annotations, ...metadata } = pod.metadata
  const added = annotations?.[ADDED]
  const gone = added === undefined ? [] : [ADDED, ...added.split(',')]
  const created = added === undefined ? ['labels'] : gone
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...kept('labels', labels, labels?.[LABEL.inject] === 'enabled' ? [LABEL.inject] : [], created),
      ...kept('annotations', annotations, gone, created),
    },
  }
}

/** What is empty goes only where it was made by us: a mapping that loses nothing stays as it is. */
function kept(
  key: string,
  texts: Readonly<Record<string, string>> | undefined,
  gone: readonly string[],
  created: readonly string[],
): object {
  if (texts === undefined) return {}
  const left = Object.entries(texts).filter(([name]) => !gone.includes(name))
  if (left.length === 0 && left.length < Object.keys(texts).length && created.includes(key)) return {}
  return { [key]: Object.fromEntries(left) }
}
