/** W006: copies where there are none to be had. W010: a success made up for a write that was not carried out. W020: a
 * name that stands for nothing. */
import type { PolicyDocument } from '../model.ts'
import { didYouMean } from '../values/spelling.ts'
import { type Blocks, placeOf, type Warning } from './check.ts'

/** RFC 9110 §9.2.1: these change nothing, so nobody is misled about a change. */
const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE']

/** As a body is read when it is made. */
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_-]*)\}/g

interface Entry {
  readonly use?: unknown
  readonly status?: unknown
  readonly body?: unknown
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

/** A misspelled name is an empty text in the middle of an answer, seen first in an outage. */
export function unknownNames(blocks: Blocks, policy: PolicyDocument): Warning[] {
  const fallback = blocks.get('fallback')
  if (fallback === undefined || !Array.isArray(fallback.config)) return []
  const known = policy.routes.flatMap(({ path = '' }) => [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name))
  return (fallback.config as readonly Entry[]).flatMap(({ use, body }, index) => {
    if (use !== 'static' || typeof body !== 'string') return []
    const strange = [...body.matchAll(REFERENCE)].map(([, name = '']) => name).find((name) => !known.includes(name))
    if (strange === undefined) return []
    const names = known.filter((name) => name !== undefined)
    const proposal = didYouMean(strange, names, names.length === 0 ? ': no path of it has a name' : '')
    const message = `a name in body should be one of a path of match.routes, found '${strange}'${proposal}`
    return [{ code: 'W020', place: fallback.places.get(`${index}.body`) ?? placeOf(fallback, `${index}`), message }]
  })
}

/** A gRPC method does not say whether it writes, and is answered with `grpcStatus`. */
function meetsWrites(policy: PolicyDocument): boolean {
  if (policy.routes.length === 0) return true
  return policy.routes.some(({ grpc, methods }) => {
    return grpc === undefined && (methods.length === 0 || methods.some((method) => !SAFE.includes(method)))
  })
}
