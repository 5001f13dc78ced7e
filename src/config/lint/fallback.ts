/** W006: copies where there are none to be had. W010: a success made up for a write that was not carried out. */
import type { PolicyDocument } from '../model.ts'
import { type Blocks, placeOf, type Warning } from './check.ts'

/** RFC 9110 §9.2.1: these change nothing, so nobody is misled about a change. */
const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE']

interface Entry {
  readonly use?: unknown
  readonly status?: unknown
}

/** The methods that a copy can answer. */
const KEPT = ['GET', 'HEAD']

/** An entry that can never apply to part of what meets it is read by its author as if it did. */
export function cachedForWrites(blocks: Blocks, policy: PolicyDocument): Warning[] {
  const fallback = blocks.get('fallback')
  if (fallback === undefined || !Array.isArray(fallback.config) || !meetsOthers(policy)) return []
  return (fallback.config as readonly Entry[]).flatMap(({ use }, index) => {
    if (use !== 'cached') return []
    const message =
      'a cached fallback should stand where only GET and HEAD are met, for no other request has a copy: limit ' +
      'match.routes to methods: [GET, HEAD]'
    return [{ code: 'W006', place: fallback.places.get(`${index}.use`) ?? placeOf(fallback, `${index}`), message }]
  })
}

function meetsOthers(policy: PolicyDocument): boolean {
  if (policy.routes.length === 0) return true
  return policy.routes.some(({ grpc, methods }) => {
    return grpc !== undefined || methods.length === 0 || methods.some((method) => !KEPT.includes(method))
  })
}

export function madeUpSuccess(blocks: Blocks, policy: PolicyDocument): Warning[] {
  const fallback = blocks.get('fallback')
  if (fallback === undefined || !Array.isArray(fallback.config) || !meetsWrites(policy)) return []
  return (fallback.config as readonly Entry[]).flatMap((entry, index) => {
    const { use, status } = entry
    if (use !== 'static' || typeof status !== 'number' || status < 200 || status > 299) return []
    const message = `a static fallback should not say ${status} to a write that was not carried out: limit match.routes to GET and HEAD, or answer 503`
    return [{ code: 'W010', place: fallback.places.get(`${index}.status`) ?? placeOf(fallback, `${index}`), message }]
  })
}

/** A gRPC method does not say whether it writes, and is answered with `grpcStatus`. */
function meetsWrites(policy: PolicyDocument): boolean {
  if (policy.routes.length === 0) return true
  return policy.routes.some(({ grpc, methods }) => {
    return grpc === undefined && (methods.length === 0 || methods.some((method) => !SAFE.includes(method)))
  })
}
