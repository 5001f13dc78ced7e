/** The whole of injection, pure: a pod and what is known about it → a patch, and what to say about it. */
import { createHash } from 'node:crypto'
import { OWN_VERSION } from '../../config/version.ts'
import { applyPlan } from './apply.ts'
import { isOurs } from './app-probes.ts'
import { decide, isOurName, uidClash } from './decide.ts'
import { PROXY } from './names.ts'
import type { Server } from './native.ts'
import { type Operation, PatchBuilder } from './patch.ts'
import { longRunning, type Pod, placed, PROBES } from './pod.ts'
import { type ForPod, readAnnotations } from './read-annotations.ts'
import type { Settings } from './settings.ts'
import { skipOf } from './skip.ts'
import { statusOf } from './status.ts'
import { withoutInjection } from './strip.ts'

/** Of the pod's namespace, what we read; undefined: it could not be read. */
export interface NamespaceInfo {
  readonly annotations: Readonly<Record<string, string>>
}

export interface PodEvent {
  readonly reason: 'InjectionSkipped' | 'InjectionRefused' | 'InjectionWarning'
  readonly message: string
}

export interface Mutation {
  /** `unchanged`: it was injected by an earlier call, and nothing is left to do. */
  readonly outcome: 'injected' | 'unchanged' | 'skipped' | 'denied'
  /** One word for metrics: `injected`, a reason to skip, `bad_annotation`, `uid_clash`. */
  readonly reason: string
  /** For people, where it was skipped or denied; ''. */
  readonly message: string
  readonly patch: readonly Operation[]
  /** Each at most 120 characters, as the API server shows them. */
  readonly warnings: readonly string[]
  readonly events: readonly PodEvent[]
}

export interface MutateOptions {
  readonly by?: 'webhook' | 'manual'
  /** Of the program, in the status annotation. */
  readonly version?: string
}

const COPIED =
  'copied from an injected pod: probes, ports and hooks are put back as they were before it is injected anew'

/** Characters; the API server cuts longer ones short. */
const LONGEST_WARNING = 120

export function mutate(
  pod: Pod,
  namespace: NamespaceInfo | undefined,
  settings: Settings,
  server: Server,
  { by = 'webhook', version = OWN_VERSION }: MutateOptions = {},
): Mutation {
  const skip = skipOf(pod)
  if (skip !== undefined) return skipped(skip.reason, skip.message)
  const status = statusOf(pod.metadata)
  // A template that was copied from a running pod brings along what was done to that one, and no sidecar.
  const copied = status !== undefined && !hasProxy(pod)
  const before = copied ? undefined : status
  if (before?.by === 'manual') return unchanged('manual')
  const read = readAnnotations(pod.metadata.annotations ?? {}, namespace?.annotations ?? {}, settings)
  if (read.errors.length > 0) return denied('bad_annotation', read.errors.join('; '))
  if (read.forPod.settings.interception === 'redirect' && settings.images.init === '') {
    return denied('bad_annotation', "interception 'redirect' needs an init image, and the injector's file names none")
  }
  const uid = proxyUidOf(namespace, settings)
  const hash = hashOf(read.forPod, uid, version)
  if (before !== undefined && before.hash !== hash) return unchanged('other_settings')
  const original = withoutInjection(pod)
  const clash = uidClash(pod, uid)
  if (clash !== undefined) return denied('uid_clash', clashText(clash, uid))
  const { plan, warnings } = decide(original, read.forPod, uid, server)
  const builder = new PatchBuilder(pod)
  if (copied) builder.reduce(original)
  applyPlan(builder, plan, by, before, { version, hash })
  const unread =
    namespace === undefined ? ['the namespace could not be read: its annotations are left out of account'] : []
  const said = [...unread, ...(copied ? [COPIED] : []), ...read.warnings, ...lostProbes(original), ...warnings]
  const { operations: patch } = builder
  return {
    outcome: before === undefined ? 'injected' : 'unchanged',
    reason: before === undefined ? 'injected' : 'already_injected',
    message: '',
    patch,
    warnings: said.map(shorten),
    events: before === undefined ? said.map((message) => ({ reason: 'InjectionWarning', message })) : [],
  }
}

function hasProxy(pod: Pod): boolean {
  return placed(pod).some(({ container }) => container.name === PROXY)
}

/** Probes that ask a sidecar, and no status says any more what for. */
function lostProbes(original: Pod): string[] {
  return longRunning(original, isOurName).flatMap(({ container }) =>
    PROBES.filter((kind) => isOurs(container[kind] ?? {})).map(
      (kind) => `${kind} of container '${container.name}' asks a sidecar, and nobody knows any more what for`,
    ),
  )
}

/** OpenShift runs a namespace's pods in a range of its own; ours takes the second of it, for the first is the application's. */
export function proxyUidOf(namespace: NamespaceInfo | undefined, { proxy }: Settings): number {
  const range = /^([0-9]+)[/-][0-9]+$/.exec(namespace?.annotations['openshift.io/sa.scc.uid-range'] ?? '')
  return range === null ? proxy.uid : Number(range[1]) + 1
}

function clashText(container: string, uid: number): string {
  return (
    `container '${container}' runs as uid ${uid}, which is the sidecar's: its traffic would pass by the sidecar. ` +
    'Let it run as another user, or give the sidecar another uid (proxy.uid of the injector).'
  )
}

function hashOf(forPod: ForPod, uid: number, version: string): string {
  const text = JSON.stringify([version, uid, forPod.settings, forPod.name, forPod.appPorts, [...forPod.protocols]])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function skipped(reason: string, message: string): Mutation {
  // Who opted out knows it.
  const silent = reason === 'opted_out' || reason === 'own_component'
  const said = `no sidecar: ${message}`
  return {
    outcome: 'skipped',
    reason,
    message,
    patch: [],
    warnings: silent ? [] : [shorten(said)],
    events: silent ? [] : [{ reason: 'InjectionSkipped', message: said }],
  }
}

function denied(reason: string, message: string): Mutation {
  const events = [{ reason: 'InjectionRefused' as const, message }]
  return { outcome: 'denied', reason, message, patch: [], warnings: [], events }
}

function unchanged(reason: string): Mutation {
  return { outcome: 'unchanged', reason, message: '', patch: [], warnings: [], events: [] }
}

function shorten(text: string): string {
  const said = `outrigger: ${text}`
  return said.length <= LONGEST_WARNING ? said : `${said.slice(0, LONGEST_WARNING - 1)}…`
}
