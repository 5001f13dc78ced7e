/** One object of a manifest → the same with a sidecar, or with the label that asks the webhook for one. */
import type { KubernetesObject } from '../../api/object.ts'
import { ADDED, DOMAIN, LABEL } from '../names.ts'
import { mutate } from '../mutate.ts'
import type { Server } from '../native.ts'
import { applyOperations } from '../patch.ts'
import type { Pod } from '../pod.ts'
import type { Settings } from '../settings.ts'
import { templateOf } from '../template.ts'

export interface Outcome {
  readonly object: KubernetesObject
  readonly result: 'injected' | 'skipped' | 'refused'
  /** Why it was skipped or refused; ''. */
  readonly why: string
  readonly warnings: readonly string[]
}

export interface InjectOptions {
  /** Annotations to set, `log-level` → `debug`. */
  readonly set: ReadonlyMap<string, string>
  /** Of the pod's template, for kinds that we do not know. */
  readonly path?: readonly string[] | undefined
  /** The whole sidecar; undefined: the label only. */
  readonly manual?: { readonly settings: Settings; readonly server: Server } | undefined
}

export function injectObject(object: KubernetesObject, { set, path, manual }: InjectOptions): Outcome {
  const template = templateOf(object, path)
  const skipped = (why: string): Outcome => ({ object, result: 'skipped', why, warnings: [] })
  if (template === undefined) return skipped('it makes no pods')
  const { pod, path: way } = template
  const stated = pod.metadata.labels?.[LABEL.inject]
  if (stated === 'disabled') return skipped(`label ${LABEL.inject} is 'disabled'`)
  if (manual === undefined) {
    if (stated === 'enabled' && set.size === 0) return skipped(`label ${LABEL.inject} is there already`)
    return { object: replaceAt(object, way, labelled(pod, set)), result: 'injected', why: '', warnings: [] }
  }
  const named = nameOf(pod, object)
  const annotated = set.size === 0 ? named : labelled(named, set, false)
  const { outcome, message, reason, warnings, patch } = mutate(
    annotated,
    { annotations: {} },
    manual.settings,
    manual.server,
    { by: 'manual' },
  )
  if (outcome === 'denied') return { object, result: 'refused', why: message, warnings }
  if (outcome !== 'injected') return skipped(outcome === 'unchanged' ? `it has a sidecar already (${reason})` : message)
  const injected = unnamed(applyOperations(annotated, patch), pod)
  return { object: replaceAt(object, way, injected), result: 'injected', why: '', warnings }
}

/** Pods will be called after the workload: the sidecar's name is made of that. */
function nameOf(pod: Pod, object: KubernetesObject): Pod {
  const name = pod.metadata.name ?? object.metadata?.name
  return name === undefined ? pod : { ...pod, metadata: { ...pod.metadata, name } }
}

function unnamed(pod: Pod, before: Pod): Pod {
  if (before.metadata.name !== undefined) return pod
  const { name: _name, ...metadata } = pod.metadata
  return { ...pod, metadata }
}

/**
 * Remembers what it added only where taking out the label, and what is empty then, would not be enough: where annotations
 * were set, and where an empty mapping of labels was there before.
 */
function labelled(pod: Pod, set: ReadonlyMap<string, string>, label = true): Pod {
  const { labels, annotations } = pod.metadata
  const texts = Object.fromEntries([...set].map(([name, value]) => [`${DOMAIN}/${name}`, value]))
  const added = Object.keys(texts).filter((key) => annotations?.[key] === undefined)
  const created = [
    ...(labels === undefined && label ? ['labels'] : []),
    ...(annotations === undefined ? ['annotations'] : []),
  ]
  const remember = added.length > 0 || (label && labels !== undefined && Object.keys(labels).length === 0)
  const notes = remember ? { [ADDED]: [...created, ...added].join(',') } : {}
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(label ? { labels: { ...labels, [LABEL.inject]: 'enabled' } } : {}),
      ...(remember || set.size > 0 ? { annotations: { ...annotations, ...texts, ...notes } } : {}),
    },
  }
}

/** `gone`: keys of the template that shall not be there any more. */
export function replaceAt(
  object: KubernetesObject,
  path: readonly string[],
  pod: Pod,
  gone: readonly string[] = [],
): KubernetesObject {
  const [key, ...rest] = path
  if (key === undefined) {
    const all = { ...object, ...pod } as Record<string, unknown>
    return Object.fromEntries(
      Object.entries(all).filter(([name]) => !gone.includes(name)),
    ) as unknown as KubernetesObject
  }
  const inner = (object as unknown as Record<string, KubernetesObject>)[key] as KubernetesObject
  return { ...object, [key]: replaceAt(inner, rest, pod, gone) } as KubernetesObject
}
