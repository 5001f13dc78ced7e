/** AdmissionReview (admission.k8s.io/v1): what the API server asks, and what it is answered. */
import type { KubernetesObject } from '../../api/object.ts'

export interface AdmissionRequest {
  readonly uid: string
  /** Of the object; `metadata.namespace` may be empty at creation. */
  readonly namespace?: string
  readonly name?: string
  readonly operation?: string
  readonly dryRun?: boolean
  readonly object?: KubernetesObject | null
}

/** What a webhook of ours decides. */
export interface Verdict {
  readonly allowed: boolean
  /** Why not; '' where it is allowed. */
  readonly message: string
  readonly patch: readonly unknown[]
  readonly warnings: readonly string[]
}

export const ALLOWED: Verdict = { allowed: true, message: '', patch: [], warnings: [] }

/** Throws an Error with a sentence where the text is no review of ours. */
export function readReview(text: string): { readonly apiVersion: string; readonly request: AdmissionRequest } {
  let review: { apiVersion?: unknown; kind?: unknown; request?: AdmissionRequest }
  try {
    review = JSON.parse(text) as typeof review
  } catch {
    throw new Error('the body must be JSON')
  }
  const { apiVersion, kind, request } = review ?? {}
  if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1' || typeof request?.uid !== 'string') {
    throw new Error('the body must be an AdmissionReview of admission.k8s.io/v1 with a request')
  }
  return { apiVersion, request }
}

export function reviewText(apiVersion: string, uid: string, { allowed, message, patch, warnings }: Verdict): string {
  return JSON.stringify({
    apiVersion,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      ...(message === '' ? {} : { status: { code: allowed ? 200 : 403, message } }),
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(patch.length === 0
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    },
  })
}
