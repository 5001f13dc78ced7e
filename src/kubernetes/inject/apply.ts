/** Plan → operations. What is there already, of an earlier call, is only brought up to date. */
import { isOurs, numbered } from './app-probes.ts'
import { isOurName } from './decide.ts'
import { initContainer } from './init-container.ts'
import { INIT, KUBECTL_DEFAULTS, LABEL, PROXY, STATUS } from './names.ts'
import type { PatchBuilder } from './patch.ts'
import type { Plan } from './plan.ts'
import { type Container, longRunning, type Placed, type Pod, placed, PROBES } from './pod.ts'
import { changing, proxyArgs, proxyContainer, proxyPorts } from './proxy-container.ts'
import { HOOKS, type Status } from './status.ts'
import { volumesOf } from './volumes.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Draft = Mutable<Pick<Status, 'containers' | 'volumes' | 'by'>> & {
  pullSecrets: string[]
  probes: Record<string, Record<string, unknown>>
  hooks: Record<string, Record<string, unknown>>
  ports: Record<string, Record<string, string>>
  sleep: string[]
  defaults: string[]
  created: string[]
}

/** `before`: the status of an earlier call, whose memory of how things stood is kept. */
export function applyPlan(
  builder: PatchBuilder<Pod>,
  plan: Plan,
  by: Status['by'],
  before: Status | undefined,
  mark: { readonly version: string; readonly hash: string },
): void {
  const draft = draftOf(plan, by, before)
  const create = (name: string, path: readonly (string | number)[], empty: object): void => {
    if (builder.ensure(path, empty) && !draft.created.includes(name)) draft.created.push(name)
  }
  addContainers(builder, plan, create)
  for (const one of longRunning(builder.result, isOurName)) changeContainer(builder, plan, one, draft, create)
  create('volumes', ['spec', 'volumes'], [])
  const { imagePullSecrets } = builder.result.spec
  for (const volume of volumesOf(plan)) {
    const { volumes = [] } = builder.result.spec
    if (volumes?.some(({ name }) => name === volume.name) === true) continue
    builder.insert(['spec', 'volumes'], volumes?.length ?? 0, volume)
  }
  for (const name of plan.settings.imagePullSecrets) {
    if (imagePullSecrets?.some((secret) => secret.name === name) === true) continue
    create('imagePullSecrets', ['spec', 'imagePullSecrets'], [])
    builder.insert(['spec', 'imagePullSecrets'], builder.result.spec.imagePullSecrets?.length ?? 0, { name })
    draft.pullSecrets.push(name)
  }
  create('labels', ['metadata', 'labels'], {})
  builder.set(['metadata', 'labels', LABEL.injected], 'true')
  create('annotations', ['metadata', 'annotations'], {})
  defaultContainer(builder, draft)
  builder.set(['metadata', 'annotations', STATUS], JSON.stringify(statusFrom(draft, mark)))
}

function addContainers(
  builder: PatchBuilder<Pod>,
  plan: Plan,
  create: (name: string, path: readonly (string | number)[], empty: object) => void,
): void {
  const there = (name: string): Placed | undefined =>
    placed(builder.result).find(({ container }) => container.name === name)
  const redirected = plan.settings.interception === 'redirect'
  if (redirected || plan.native) create('initContainers', ['spec', 'initContainers'], [])
  if (redirected && there(INIT) === undefined) {
    // Native: first, so that the pod's own init containers are meshed. Legacy: last, for there is no sidecar yet to go through.
    const last = builder.result.spec.initContainers?.length ?? 0
    builder.insert(['spec', 'initContainers'], plan.native ? 0 : last, initContainer(plan))
  }
  const proxy = there(PROXY)
  if (proxy !== undefined) update(builder, plan, proxy)
  else if (plan.native) builder.insert(['spec', 'initContainers'], redirected ? 1 : 0, proxyContainer(plan))
  else builder.insert(['spec', 'containers'], 0, proxyContainer(plan))
}

/** A container that joined after us has ports and probes that the sidecar must know. */
function update(builder: PatchBuilder<Pod>, plan: Plan, { list, index, container }: Placed): void {
  const path = ['spec', list, index] as const
  const { env = [], ports = [] } = container
  for (const [name, value] of Object.entries(changing(plan))) {
    const at = env.findIndex((variable) => variable.name === name)
    if (at >= 0) builder.set([...path, 'env', at, 'value'], value)
  }
  if (plan.settings.interception !== 'named-port') return
  builder.set([...path, 'args'], proxyArgs(plan))
  const wanted = proxyPorts(plan) as { readonly name: string; readonly containerPort: number }[]
  const kept = wanted.every(({ name, containerPort }) =>
    ports.some((port) => port.name === name && port.containerPort === containerPort),
  )
  if (!kept) builder.set([...path, 'ports'], wanted)
}

function changeContainer(
  builder: PatchBuilder<Pod>,
  plan: Plan,
  { list, index, container }: Placed,
  draft: Draft,
  create: (name: string, path: readonly (string | number)[], empty: object) => void,
): void {
  const path = ['spec', list, index] as const
  const { name } = container
  for (const { kind, original, rewritten } of plan.probes.get(name) ?? []) {
    remember(draft.probes, name, kind, original)
    if (!isOurs(container[kind] ?? {})) builder.set([...path, kind], rewritten)
  }
  if (plan.settings.interception === 'named-port') rename(builder, plan, path, container, draft)
  // An init container ends by itself, and a native sidecar of somebody else's after the application.
  if (list !== 'containers' || plan.preStopSleep === 0 || container.lifecycle?.preStop !== undefined) return
  create(`lifecycle/${name}`, [...path, 'lifecycle'], {})
  builder.set([...path, 'lifecycle', 'preStop'], { sleep: { seconds: plan.preStopSleep } })
  if (!draft.sleep.includes(name)) draft.sleep.push(name)
}

function rename(
  builder: PatchBuilder<Pod>,
  { namedPorts }: Plan,
  path: readonly (string | number)[],
  container: Container,
  draft: Draft,
): void {
  const { name, ports = [] } = container
  const mine = namedPorts.filter((port) => port.container === name)
  if (mine.length === 0) return
  const before = draft.ports[name] ?? bare()
  // Names as they stood, by which probes and hooks call them.
  const original = {
    ...container,
    ports: ports.map((port) => ({ ...port, name: before[port.name ?? ''] ?? port.name ?? '' })),
  }
  for (const kind of PROBES) {
    const probe = container[kind]
    const number = probe === undefined ? probe : numbered(probe, original)
    if (probe === undefined || number === probe) continue
    remember(draft.probes, name, kind, probe)
    builder.set([...path, kind], number)
  }
  for (const hook of HOOKS) {
    const handler = container.lifecycle?.[hook]
    const number = handler === undefined ? handler : numbered(handler, original)
    if (handler === undefined || number === handler) continue
    remember(draft.hooks, name, hook, handler)
    builder.set([...path, 'lifecycle', hook], number)
  }
  draft.ports[name] = bare()
  for (const [at, port] of original.ports.entries()) {
    const named = mine.find((one) => one.name === port.name && one.port === port.containerPort)
    if (named === undefined) continue
    builder.set([...path, 'ports', at, 'name'], named.renamed)
    draft.ports[name][named.renamed] = named.name
  }
}

function defaultContainer(builder: PatchBuilder<Pod>, draft: Draft): void {
  const first = builder.result.spec.containers?.find(({ name }) => !isOurName(name))
  if (first === undefined) return
  for (const key of KUBECTL_DEFAULTS) {
    if (builder.result.metadata.annotations?.[key] !== undefined) continue
    builder.set(['metadata', 'annotations', key], first.name)
    draft.defaults.push(key)
  }
}

function draftOf(plan: Plan, by: Status['by'], before: Status | undefined): Draft {
  return {
    by,
    containers: plan.settings.interception === 'redirect' ? [INIT, PROXY] : [PROXY],
    volumes: volumesOf(plan).map(({ name }) => name),
    pullSecrets: [...(before?.pullSecrets ?? [])],
    probes: byName(before?.probes),
    hooks: byName(before?.hooks),
    ports: byName(before?.ports),
    sleep: [...(before?.sleep ?? [])],
    defaults: [...(before?.defaults ?? [])],
    created: [...(before?.created ?? [])],
  }
}

/** Copies whose keys are names of others, of which one may be `constructor`: they inherit nothing. */
function byName<T>(known: Readonly<Record<string, object>> = {}): Record<string, Record<string, T>> {
  return bare(Object.entries(known).map(([name, inner]) => [name, bare(Object.entries(structuredClone(inner)))]))
}

function bare<T>(entries: readonly (readonly [string, T])[] = []): Record<string, T> {
  const all = Object.create(null) as Record<string, T>
  for (const [name, value] of entries) all[name] = value
  return all
}

function remember(all: Record<string, Record<string, unknown>>, container: string, key: string, value: unknown): void {
  const mine = (all[container] ??= bare())
  mine[key] ??= value
}

/** What is empty is left out: the annotation is read by people, too. */
function statusFrom(
  { by, ...draft }: Draft,
  { version, hash }: { readonly version: string; readonly hash: string },
): object {
  const full = Object.entries(draft).filter(([, value]) => Object.keys(value).length > 0)
  return { v: 1, version, hash, by, ...Object.fromEntries(full) }
}
