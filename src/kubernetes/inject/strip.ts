/** A pod as it was before it was injected: the exact inverse, by what the status annotation remembers. */
import { isOurs } from './app-probes.ts'
import { LABEL, STATUS } from './names.ts'
import { type Container, PROBES, type Pod } from './pod.ts'
import { HOOKS, type Status, statusOf } from './status.ts'

/** The pod itself where nothing was done to it. */
export function withoutInjection(pod: Pod): Pod {
  const status = statusOf(pod.metadata)
  if (status === undefined) return pod
  const created = new Set(status.created ?? [])
  const { annotations = {}, labels = {} } = pod.metadata
  const { initContainers, containers, volumes, imagePullSecrets, ...spec } = pod.spec
  const list = <T extends { readonly name: string }>(
    key: string,
    items: readonly T[] | null | undefined,
    gone: readonly string[],
    each: (item: T) => T = (item) => item,
  ): object => {
    if (items === null || items === undefined) return items === undefined ? {} : { [key]: items }
    const left = items.filter(({ name }) => !gone.includes(name)).map(each)
    return left.length === 0 && created.has(key) ? {} : { [key]: left }
  }
  const map = (key: string, texts: Readonly<Record<string, string>>, gone: readonly string[]): object => {
    const left = Object.entries(texts).filter(([name]) => !gone.includes(name))
    return left.length === 0 && created.has(key) ? {} : { [key]: Object.fromEntries(left) }
  }
  const restored = (container: Container): Container => restore(container, status, created)
  const { annotations: _a, labels: _l, ...metadata } = pod.metadata
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...(pod.metadata.labels === undefined ? {} : map('labels', labels, [LABEL.injected])),
      ...(pod.metadata.annotations === undefined
        ? {}
        : map('annotations', annotations, [STATUS, ...(status.defaults ?? [])])),
    },
    spec: {
      ...spec,
      ...list('initContainers', initContainers, status.containers, restored),
      ...list('containers', containers, status.containers, restored),
      ...list('volumes', volumes, status.volumes),
      ...list('imagePullSecrets', imagePullSecrets, status.pullSecrets ?? []),
    },
  } as Pod
}

/** What a second mutator put in place of a change of ours is left to stand. */
function restore(container: Container, status: Status, created: ReadonlySet<string>): Container {
  const { name } = container
  const back = { ...container } as { -readonly [K in keyof Container]: Container[K] }
  for (const kind of PROBES) {
    const original = of(status.probes, name)?.[kind]
    // A probe whose port became a number has no mark of ours; it was ours if the status has it.
    if (original !== undefined && back[kind] !== undefined && (isOurs(back[kind]) || wasNumbered(status, name)))
      back[kind] = original
  }
  const names = of(status.ports, name)
  if (names !== undefined && back.ports !== undefined) {
    back.ports = back.ports.map((port) => {
      const before = port.name === undefined ? undefined : of(names, port.name)
      return before === undefined ? port : { ...port, name: before }
    })
  }
  if (back.lifecycle !== undefined) {
    const lifecycle = { ...back.lifecycle } as Record<string, unknown>
    for (const hook of HOOKS) {
      const original = of(status.hooks, name)?.[hook]
      if (original !== undefined && lifecycle[hook] !== undefined) lifecycle[hook] = original
    }
    if (status.sleep?.includes(name) === true && isSleep(lifecycle['preStop'])) delete lifecycle['preStop']
    if (Object.keys(lifecycle).length > 0 || !created.has(`lifecycle/${name}`)) back.lifecycle = lifecycle
    else delete (back as { lifecycle?: unknown }).lifecycle
  }
  return back
}

function wasNumbered(status: Status, container: string): boolean {
  return of(status.ports, container) !== undefined
}

/** A name may be `constructor`, which every object has. */
function of<T>(all: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return all !== undefined && Object.hasOwn(all, name) ? all[name] : undefined
}

function isSleep(hook: unknown): boolean {
  return (hook as { sleep?: unknown } | undefined)?.sleep !== undefined
}
