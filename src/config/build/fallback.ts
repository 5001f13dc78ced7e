/** What no schema says of fallbacks: whom they ask, and what their fields are called. */
import type { Issue, Place, PolicyDocument } from '../model.ts'
import { issue } from '../issues.ts'
import { fields, items, type WalkedDocument } from './document.ts'
import { checkHeaderNames } from './header-names.ts'
import type { Names } from './names.ts'

/** Of a Policy or a Profile. */
export function checkFallback(document: WalkedDocument, names: Names): void {
  for (const [index, entry] of items(document.value.fallback).entries()) {
    const { use, service } = fields(entry)
    checkHeaderNames(document, `fallback.${index}`, fields(entry))
    if (use !== 'service' || typeof service !== 'string') continue
    const missing = names.missing('Service', service)
    if (missing === undefined) continue
    document.error(
      'E040',
      document.valuePlace(`fallback.${index}.service`),
      `there is no Service '${service}'${missing}`,
    )
  }
}

/** A fallback from one service to another. */
interface Edge {
  readonly to: string
  readonly place: Place
}

/**
 * A service that is asked has fallbacks of its own; one that leads back would go round until its time is up, with every
 * round a call more. Told by services and not by routes: whether some request goes all the way round is not worked out.
 */
export function findFallbackCircles(policies: readonly PolicyDocument[], services: readonly string[]): Issue[] {
  const edges = new Map(services.map((service) => [service, edgesOf(service, policies)]))
  const reported = new Set<string>()
  return services.flatMap((service) => {
    const way = wayBack(service, edges)
    if (way === undefined) return []
    const names = [service, ...way.map(({ to }) => to)]
    const key = [...new Set(names)].sort().join(' ')
    if (reported.has(key)) return []
    reported.add(key)
    const place = (way[0] as Edge).place
    const message =
      `fallbacks must not lead back to where they come from, found ${names.join(' -> ')}: take the entry out, or state ` +
      `fallback: {mode: disabled} in a policy for service ${names[1]}`
    return [issue('E051', place, message)]
  })
}

/** A policy that names the service and no routes states what holds for all of it, so that those for "*" do not. */
function edgesOf(service: string, policies: readonly PolicyDocument[]): Edge[] {
  const stating = policies.filter((policy) => {
    return policy.direction === 'outbound' && (policy.service === service || policy.service === '*') && states(policy)
  })
  const own = stating.filter((policy) => policy.service === service)
  const covered = own.some(({ routes, workload }) => routes.length === 0 && workload.length === 0)
  return (covered ? own : stating).flatMap(({ blocks }) =>
    blocks.flatMap(({ block, mode, config, places, place }) => {
      if (block !== 'fallback' || mode !== 'enforce') return []
      return items(config).flatMap((entry, index) => {
        const { use, service: to } = fields(entry)
        if (use !== 'service' || typeof to !== 'string') return []
        return [{ to, place: places.get(`${index}.service`) ?? place }]
      })
    }),
  )
}

function states({ blocks }: PolicyDocument): boolean {
  return blocks.some(({ block, mode }) => block === 'fallback' && mode !== 'shadow')
}

/** The edges from `service` back to itself, the fewest; undefined: none. */
function wayBack(service: string, edges: ReadonlyMap<string, readonly Edge[]>): Edge[] | undefined {
  const seen = new Set<string>()
  let ways: Edge[][] = (edges.get(service) ?? []).map((edge) => [edge])
  while (ways.length > 0) {
    const longer: Edge[][] = []
    for (const way of ways) {
      const { to } = way[way.length - 1] as Edge
      if (to === service) return way
      if (seen.has(to)) continue
      seen.add(to)
      for (const edge of edges.get(to) ?? []) longer.push([...way, edge])
    }
    ways = longer
  }
  return undefined
}
