/** `/explain` of a running sidecar: the same answer as the command's, on the configuration in force. */
import type { Explained } from '../admin/index.ts'
import type { Config } from '../config/model.ts'
import { explain } from './explain.ts'

/** `url` absolute asks outbound by host; a path alone asks what reaches our application. */
export function explainLive(config: Config, query: { readonly url: string; readonly method: string }): Explained {
  const { url, method } = query
  const inbound = url.startsWith('/')
  const explanation = explain(config, {
    direction: inbound ? 'inbound' : 'outbound',
    url,
    service: undefined,
    port: undefined,
    method: method === '' ? 'GET' : method.toUpperCase(),
    headers: [],
  })
  return { status: explanation.found ? 200 : 404, body: explanation }
}
