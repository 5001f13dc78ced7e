/** The policies in force, and what a request to some URL would meet of them. */
import type { Frame } from '../live/frame.ts'
import { cell, find, make, type Row, Rows, setText } from './dom.ts'

/** What is read of `GET /config`. */
interface Config {
  readonly policies: readonly Policy[]
  readonly lastReload: { readonly success: boolean; readonly report: readonly string[] }
}

interface Policy {
  readonly name: string
  readonly direction: string
  readonly service: string
  readonly workload: readonly string[]
  readonly at: string
  /** The application's, inbound; absent: every. */
  readonly port?: number
  readonly routes: readonly Route[]
  readonly blocks: Readonly<Record<string, { readonly mode: string; readonly at: string }>>
}

interface Route {
  readonly path?: string
  readonly grpc?: string
  readonly methods?: readonly string[]
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly stream?: boolean
}

export class Policies {
  readonly #rows = new Rows<Policy>(
    find('#policy tbody'),
    ({ name, at }) => `${name} ${at}`,
    row,
    'No policy is in force: requests go through as they are.',
  )
  readonly #hash = find('#policy-hash')
  readonly #form = find<HTMLFormElement>('#explain')
  readonly #status = find('#explain-status')
  readonly #explained = find('#explained')
  readonly #notice = find('#reload-notice')
  readonly #report = find('#reload-report')
  #shown = ''
  /** What was last to be explained. */
  #question: URLSearchParams | undefined

  constructor() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      const data = new FormData(this.#form)
      this.#question = new URLSearchParams({
        url: String(data.get('url')),
        method: String(data.get('method')),
        format: 'text',
      })
      void this.#explain(this.#question)
    })
  }

  /** It is asked for only when the files were read again: of two reloads that fail each has a report of its own. */
  async show({ hash, readAt, lastReloadSuccess }: Frame['config']): Promise<void> {
    // An older sidecar does not say when it read them.
    const asked = `${hash} ${readAt} ${lastReloadSuccess}`
    if (asked === this.#shown) return
    this.#shown = asked
    // What was explained is no longer so.
    if (this.#question !== undefined) void this.#explain(this.#question)
    try {
      const response = await fetch('/config')
      const { policies, lastReload } = (await response.json()) as Config
      this.#rows.show(policies)
      setText(this.#hash, hash)
      this.#notice.hidden = lastReload.success
      this.#report.hidden = lastReload.success
      setText(this.#report, lastReload.success ? '' : lastReload.report.join('\n'))
    } catch {
      // The stream tells that the sidecar is gone; it is asked again with the next frame.
      this.#shown = ''
    }
  }

  async #explain(query: URLSearchParams): Promise<void> {
    try {
      const response = await fetch(`/explain?${query}`)
      const body = await response.text()
      const isText = response.headers.get('content-type')?.startsWith('text/') === true
      this.#say(isText ? '' : messageOf(body))
      this.#explained.hidden = !isText
      setText(this.#explained, isText ? body : '')
    } catch {
      this.#say('The sidecar does not answer.')
    }
  }

  #say(text: string): void {
    this.#status.hidden = text === ''
    setText(this.#status, text)
  }
}

function messageOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: string } }
    return error?.message ?? body
  } catch {
    return body
  }
}

/** A policy that was changed has its old name and place, and says something else. */
function row(): Row<Policy> {
  const element = make('tr')
  return { element, update: (policy) => element.replaceChildren(...cells(policy)) }
}

function cells({ name, direction, service, workload, port, routes, blocks, at }: Policy): HTMLElement[] {
  const list = make('span', { class: 'blocks' })
  for (const [block, { mode, at: where }] of Object.entries(blocks)) {
    list.append(
      make('span', { class: `block ${mode}`, text: mode === 'enforce' ? block : `${block}, ${mode}`, title: where }),
    )
  }
  const met = routes.length === 0 ? 'every request' : routes.map((route) => routeText(route)).join(', ')
  const whom = service === '' ? direction : `${direction} to ${service === '*' ? 'any service' : service}`
  const to = port === undefined ? whom : `${whom}, port ${port}`
  const only = workload.length === 0 ? '' : `, in ${workload.join(', ')}`
  return [
    make('th', { scope: 'row', text: name }),
    cell('Applies to', { text: `${to}: ${met}${only}` }),
    cell('Blocks', {}, list),
    cell('Stands in', { class: 'code', text: at }),
  ]
}

function routeText({ path, grpc, methods = [], headers = [], stream }: Route): string {
  const only = headers.map(([name, value]) => `${name}: ${value}`)
  if (stream !== undefined) only.push(stream ? 'streams' : 'no streams')
  const text = `${methods.join('|')} ${path ?? grpc ?? '*'}`.trim()
  return only.length === 0 ? text : `${text} (${only.join('; ')})`
}
