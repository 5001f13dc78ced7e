/** What each path does. */
import { type Answer, json, notAllowed, refusal, text } from './answer.ts'
import type { AdminSource } from './source.ts'
import { EVENT_STREAM, LINE_STREAM } from './streams/stream.ts'

type Read = (source: AdminSource, query: URLSearchParams, accept: string) => Answer | Promise<Answer>
type Change = (source: AdminSource, body: string) => Answer

/** Answers that go on: GET, and the listener knows who gives them. */
export const EVENTS = '/events'
export const TAP = '/tap'

const PAGE = '/page/'

/** GET and HEAD. */
const READS: Readonly<Record<string, Read>> = {
  '/': () => page('page.html'),
  '/livez': (source) => probe(source.live()),
  '/readyz': (source) => probe(source.ready()),
  '/startupz': (source) => probe(source.started()),
  '/metrics': metrics,
  '/config': (source) => json(200, source.config()),
  '/state': (source) => json(200, source.state()),
  '/explain': explain,
}

const GUARDED: ReadonlySet<string> = new Set(['/', '/config', '/state', '/explain', EVENTS, TAP])

const CHANGES: Readonly<Record<string, Change>> = {
  '/announce': (source) => {
    source.announce()
    return json(200, { announced: true })
  },
  '/drain': (source) => {
    source.drain()
    return json(200, { draining: true })
  },
  '/quit': (source) => {
    source.quit()
    return json(200, { draining: true, exits: true })
  },
}

/** Followed by `CONTAINER/startupz`, `readyz` or `livez`. */
const APP_HEALTH = '/app-health/'
const BREAKERS = '/breakers/'
const FORCES: readonly unknown[] = ['open', 'closed', 'auto']

/** The change a POST to this path asks for, or what refuses it. */
export function changeAt(path: string): Change | Answer {
  const change = Object.hasOwn(CHANGES, path) ? CHANGES[path] : undefined
  if (change !== undefined) return change
  if (path.startsWith(BREAKERS)) return (source, body) => force(source, path.slice(BREAKERS.length), body)
  return isRead(path) ? notAllowed('GET, HEAD') : notFound()
}

/** `accept`: the field as it came, '' without one. */
export function read(
  path: string,
  query: URLSearchParams,
  accept: string,
  source: AdminSource,
): Answer | Promise<Answer> {
  const reads = Object.hasOwn(READS, path) ? READS[path] : undefined
  if (reads !== undefined) return reads(source, query, accept)
  if (path.startsWith(APP_HEALTH)) return appHealth(source, path.slice(APP_HEALTH.length))
  // A HEAD: who asks by GET gets the stream itself.
  if (path === EVENTS) return text(200, '', EVENT_STREAM['content-type'])
  if (path === TAP) return text(200, '', LINE_STREAM['content-type'])
  if (path.startsWith(PAGE)) return page(path.slice(PAGE.length))
  return Object.hasOwn(CHANGES, path) || path.startsWith(BREAKERS) ? notAllowed('POST') : notFound()
}

/** Probes and scrapers ask by whatever name they were given; these paths tell more, and are kept from pages of other origins. */
export function isGuarded(path: string): boolean {
  return GUARDED.has(path)
}

/** Neither GET, HEAD nor POST. */
export function otherMethod(path: string): Answer {
  if (isRead(path)) return notAllowed('GET, HEAD')
  return Object.hasOwn(CHANGES, path) || path.startsWith(BREAKERS) ? notAllowed('POST') : notFound()
}

function isRead(path: string): boolean {
  return Object.hasOwn(READS, path) || path === EVENTS || path === TAP || path.startsWith(PAGE)
}

/** Most sidecars are never looked at. */
async function page(name: string): Promise<Answer> {
  return (await import('./page/index.ts')).pageFile(name) ?? notFound()
}

function probe(good: boolean): Answer {
  return text(good ? 200 : 503, good ? 'ok\n' : 'no\n')
}

async function appHealth(source: AdminSource, name: string): Promise<Answer> {
  const health = await source.appHealth(name)
  if (health === undefined) return refusal(404, 'no_such_probe', 'APP_PROBES names the probes of the application')
  return text(health.passed ? 200 : 503, `${health.why}\n`)
}

function notFound(): Answer {
  const paths = [
    ...Object.keys(READS),
    EVENTS,
    TAP,
    ...Object.keys(CHANGES),
    `${BREAKERS}{id}`,
    `${APP_HEALTH}{container}/{kind}`,
  ]
  return json(404, { error: { reason: 'not_found', message: 'nothing is here', paths } })
}

async function metrics(source: AdminSource, _query: URLSearchParams, accept: string): Promise<Answer> {
  const { type, text: body } = await source.metrics(accept)
  return text(200, body, type)
}

function explain(source: AdminSource, query: URLSearchParams): Answer {
  const { status, body } = source.explain(query)
  return typeof body === 'string' ? text(status, body) : json(status, body)
}

function force(source: AdminSource, encoded: string, body: string): Answer {
  const id = decoded(encoded)
  const breaker = id === undefined ? undefined : source.breaker(id)
  if (breaker === undefined) return refusal(404, 'no_such_breaker', 'ids of breakers stand in /state')
  const wanted = forceOf(body)
  if (wanted === undefined) return refusal(400, 'bad_body', 'the body is {"force":"open"}, "closed" or "auto"')
  breaker.force(wanted)
  return json(200, breaker.snapshot())
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function forceOf(body: string): 'open' | 'closed' | 'auto' | undefined {
  try {
    const { force: wanted } = JSON.parse(body) as { force?: unknown }
    return FORCES.includes(wanted) ? (wanted as 'open' | 'closed' | 'auto') : undefined
  } catch {
    return undefined
  }
}
