/**
 * `/validate-policy`: ConfigMaps that hold policies, by the very loader of the sidecar, so that what is admitted here will
 * load there. Else a bad one would be an outage that waits for the next start of a pod.
 */
import { formatIssue } from '../../../config/issues.ts'
import type { Issue } from '../../../config/model.ts'
import type { KubernetesObject } from '../../api/object.ts'
import { type AdmissionRequest, ALLOWED, type Verdict } from './review.ts'

export interface PolicyFile {
  /** The key in the ConfigMap. */
  readonly path: string
  readonly text: string
}

/** The loader of `run` and `validate`. */
export type CheckPolicies = (files: readonly PolicyFile[]) => readonly Issue[]

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>> | null
  readonly binaryData?: Readonly<Record<string, string>> | null
  readonly immutable?: boolean | null
}

/** Problems in one refusal; kubectl prints them all. */
const MOST = 20
/** Warnings the API server passes on: 120 characters each, 4096 together. */
const MOST_WARNINGS = 10

export function reviewPolicies({ object }: AdmissionRequest, check: CheckPolicies): Verdict {
  if (object === null || object === undefined) return ALLOWED
  const { data, binaryData, immutable } = object as ConfigMap
  const keys = Object.keys(data ?? {}).sort()
  const files = keys.filter((key) => /\.ya?ml$/.test(key)).map((path) => ({ path, text: data?.[path] ?? '' }))
  const issues = check(files)
  const errors = issues.filter(({ severity }) => severity === 'error')
  const warnings = [
    ...(immutable === true ? ['it is immutable, so no change of policy will ever reach a pod that runs'] : []),
    ...[...keys.filter((key) => !/\.ya?ml$/.test(key)), ...Object.keys(binaryData ?? {})].map(
      (key) => `key '${key}' is not read: only text keys that end in .yaml or .yml are`,
    ),
    ...issues.filter(({ severity }) => severity === 'warning').map(formatIssue),
  ].map((text) => `outrigger: ${text}`.slice(0, 120))
  const more = errors.length > MOST ? `\n… and ${errors.length - MOST} more` : ''
  const message =
    errors.length === 0
      ? ''
      : `these policies would not load:\n${errors.slice(0, MOST).map(formatIssue).join('\n')}${more}`
  return { allowed: errors.length === 0, message, patch: [], warnings: warnings.slice(0, MOST_WARNINGS) }
}
