/** Plays one answer through a proxy and says what is wrong with what its client saw. Nothing: an empty list. */
import { ask, type Got, type Version } from '../clients.ts'
import { type Seen, shown } from '../message.ts'
import type { Case, Want } from './case.ts'

const FOLLOWER = '/follower'

function compare(want: Want, got: Got): string[] {
  const { informational = [], ...rest } = want
  const found: string[] = []
  const came = got.informational.map(({ status }) => status)
  if (came.join() !== informational.join()) found.push(`interim answers ${came}`)
  for (const [key, value] of Object.entries({ fields: [], trailers: [], status: 200, ...rest })) {
    const seen = key === 'fields' ? dateless((got.answer as Seen).fields) : (got.answer as Seen)[key as keyof Seen]
    if (JSON.stringify(seen) !== JSON.stringify(value)) found.push(`${key} at the client ${shown(seen)}`)
  }
  return found
}

/** An answer that came without a Date is given one, whatever else becomes of it (RFC 9110 §6.6.1). */
function dateless(fields: Seen['fields']): Seen['fields'] {
  return fields.filter(([name]) => name.toLowerCase() !== 'date')
}

function verdict(it: Case, version: Version, got: Got): string[] {
  const how = `status ${got.answer?.status}, whole ${got.whole}, reset ${got.reset}`
  if (it.verdict === 'forward') {
    if (got.answer === undefined || !got.whole) return [`not forwarded: ${how}`]
    return compare((version === 'http1' ? it.wantHttp1 : undefined) ?? it.want ?? {}, got)
  }
  if (it.verdict === 'refuse') return got.answer?.status === 502 && got.whole ? [] : [`no 502: ${how}`]
  if (got.whole) return [`it looks whole: ${how}`]
  if (got.answer === undefined || got.answer.status === 502) return [`no head: ${how}`]
  return version === 'http2' && got.reset < 0 ? [`not reset: ${how}`] : []
}

export async function judge(version: Version, port: number, it: Case, authority: string): Promise<string[]> {
  const got = await ask(version, port, { method: it.method, path: '/case', authority })
  const found = [...got.problems, ...verdict(it, version, got)]
  const other = version === 'http1' ? 'http2' : 'http1'
  const follower = await ask(other, port, { method: 'GET', path: FOLLOWER, authority })
  const asked = follower.answer?.fields.find(([name]) => name === 'x-asked')?.[1]
  if (asked !== encodeURIComponent(FOLLOWER)) found.push(`the follower got ${follower.answer?.status} for ${asked}`)
  return [...found, ...follower.problems]
}
