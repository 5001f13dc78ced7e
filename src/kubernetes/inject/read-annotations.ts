/** Annotations of a pod over those of its namespace over the injector's file → what holds for this pod. */
import { parseCidr } from '../../config/values/address.ts'
import { parsePorts } from '../../config/values/ports.ts'
import { nearest } from '../../config/values/spelling.ts'
import { amountIn, listed } from './annotation-values.ts'
import { ANNOTATIONS, type AnnotationName } from './annotations.ts'
import { ADDED, DOMAIN, LABEL, STATUS } from './names.ts'
import type { Amount, Interception, NativeSidecar, Settings } from './settings.ts'

type Texts = Readonly<Record<string, string>>

export interface ForPod {
  /** The injector's settings with what the annotations change. */
  readonly settings: Settings
  readonly name: string | undefined
  /** undefined: those that the containers declare. */
  readonly appPorts: readonly number[] | undefined
  readonly protocols: ReadonlyMap<number, string>
}

export interface ReadAnnotations {
  readonly forPod: ForPod
  /** Values that cannot be read: the pod is refused. */
  readonly errors: readonly string[]
  /** Keys that nobody knows. */
  readonly warnings: readonly string[]
}

export function readAnnotations(pod: Texts, namespace: Texts, settings: Settings): ReadAnnotations {
  const errors: string[] = []
  const warnings: string[] = []
  const values = new Map<AnnotationName, string>()
  for (const [where, texts] of [['of the namespace', namespace] as const, ['of the pod', pod] as const]) {
    warnings.push(...unknown(texts, where))
    for (const { name, pattern, expects } of ANNOTATIONS) {
      const text = texts[`${DOMAIN}/${name}`]
      if (text === undefined) continue
      if (new RegExp(pattern).test(text) && isReadable(name, text)) values.set(name, text)
      else errors.push(`annotation ${DOMAIN}/${name} ${where} must be ${expects}, found '${text.slice(0, 60)}'`)
    }
  }
  return { forPod: apply(values, settings), errors, warnings }
}

/** As the program reads it in the pod, that its pattern fits: there a value it cannot read is a container that starts again and again. */
function isReadable(name: AnnotationName, text: string): boolean {
  switch (name) {
    case 'app-ports':
    case 'skip-inbound':
    case 'skip-outbound':
      return parsePorts(text).ok
    case 'protocol':
      return listed(text).every((item) => parsePorts(item.split('=')[0] as string).ok)
    case 'skip-outbound-cidrs':
      return listed(text).every((item) => parseCidr(item).ok)
    default:
      return true
  }
}

function unknown(texts: Texts, where: string): string[] {
  const known = ANNOTATIONS.map(({ name }) => `${DOMAIN}/${name}`)
  return Object.keys(texts).flatMap((key) => {
    if (!key.startsWith(`${DOMAIN}/`) || known.includes(key) || key === STATUS || key === ADDED) return []
    if (key === LABEL.inject) return [`${key} ${where} is an annotation and does nothing: it must be a label`]
    const meant = nearest(
      key.slice(DOMAIN.length + 1),
      ANNOTATIONS.map(({ name }) => name),
    )
    return [`no annotation '${key}' is known (${where})${meant === undefined ? '' : `; did you mean '${meant}'?`}`]
  })
}

function apply(values: ReadonlyMap<AnnotationName, string>, settings: Settings): ForPod {
  const { proxy, policy, app } = settings
  const list = (name: AnnotationName, otherwise: readonly string[]): readonly string[] => {
    const text = values.get(name)
    return text === undefined ? otherwise : listed(text)
  }
  const sleep = values.get('app-prestop-sleep')
  const ports = values.get('app-ports')
  return {
    settings: {
      ...settings,
      interception: (values.get('interception') ?? settings.interception) as Interception,
      nativeSidecar: nativeOf(values.get('native-sidecar')) ?? settings.nativeSidecar,
      proxy: {
        ...proxy,
        cpu: amountOf(values.get('cpu'), proxy.cpu),
        memory: amountOf(values.get('memory'), proxy.memory),
        logLevel: values.get('log-level') ?? proxy.logLevel,
        skipInboundPorts: list('skip-inbound', proxy.skipInboundPorts),
        skipOutboundPorts: list('skip-outbound', proxy.skipOutboundPorts),
        skipOutboundCidrs: list('skip-outbound-cidrs', proxy.skipOutboundCidrs),
      },
      policy: { ...policy, configMap: values.get('policy') ?? policy.configMap },
      app: { ...app, preStopSleep: sleep === undefined ? app.preStopSleep : Number.parseInt(sleep, 10) * 1000 },
    },
    name: values.get('name'),
    appPorts: ports === undefined ? undefined : listed(ports).flatMap(expand),
    protocols: new Map(
      listed(values.get('protocol') ?? '').map((item) => {
        const [port, protocol = ''] = item.split('=')
        return [Number(port), protocol]
      }),
    ),
  }
}

function nativeOf(text: string | undefined): NativeSidecar | undefined {
  if (text === undefined) return undefined
  return text === 'auto' ? 'auto' : text === 'true' ? 'always' : 'never'
}

function amountOf(text: string | undefined, standard: Amount): Amount {
  if (text === undefined) return standard
  const { request, limit = standard.limit } = amountIn(text)
  return { request, limit }
}

/** `8300-8302` → three ports. */
function expand(item: string): number[] {
  const [first = 0, last = first] = item.split('-').map(Number)
  return Array.from({ length: Math.max(0, Math.min(last - first, 99) + 1) }, (_, i) => first + i)
}
