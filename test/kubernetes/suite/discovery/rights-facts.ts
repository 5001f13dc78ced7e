/** What the token of the sidecar may do: the chart's three verbs on EndpointSlices, in that namespace, and nothing more. */
import { readFileSync } from 'node:fs'
import { Agent } from 'undici'
import type { Report } from '../report.ts'
import { SHOP, type World } from './world.ts'

const SLICES = `apis/discovery.k8s.io/v1/namespaces/${SHOP}/endpointslices`
const ELSEWHERE = 'apis/discovery.k8s.io/v1/namespaces/default/endpointslices'

const ASKED: readonly [what: string, method: 'GET' | 'POST' | 'DELETE', path: string, status: number][] = [
  ['get', 'GET', `${SLICES}/inventory-1`, 200],
  ['list', 'GET', SLICES, 200],
  ['watch', 'GET', `${SLICES}?watch=true&timeoutSeconds=1`, 200],
  ['delete', 'DELETE', `${SLICES}/inventory-1`, 403],
  ['create', 'POST', SLICES, 403],
  ['list of another namespace', 'GET', ELSEWHERE, 403],
  ['Services', 'GET', `api/v1/namespaces/${SHOP}/services/inventory`, 403],
  ['pods', 'GET', `api/v1/namespaces/${SHOP}/pods`, 403],
  ['Secrets', 'GET', `api/v1/namespaces/${SHOP}/secrets`, 403],
]

export async function rightsFacts(report: Report, world: World): Promise<void> {
  const found: string[] = []
  for (const [what, method, path] of ASKED) found.push(`${what}: ${await statusFor(world, world.token, path, method)}`)
  const wanted = ASKED.map(([what, , , status]) => `${what}: ${status}`)
  report.same("the chart's rights: get, list and watch of EndpointSlices, and nothing more", found, wanted)
}

export async function statusFor(
  { cluster }: World,
  token: string,
  path = SLICES,
  method: 'GET' | 'POST' | 'DELETE' = 'GET',
): Promise<number> {
  const agent = new Agent({ connect: { ca: readFileSync(cluster.ca, 'utf8') } })
  try {
    const headers = { authorization: `Bearer ${token}` }
    const { statusCode, body } = await agent.request({ origin: cluster.server, path: `/${path}`, method, headers })
    await body.dump()
    return statusCode
  } finally {
    await agent.close()
  }
}
