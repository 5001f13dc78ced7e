import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { authorize, type AuthorizeConfig } from '../../../src/policies/authorize/policy.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  type ScopeOptions,
  settled,
  testScope,
  Upstream,
} from '../../support/stubs.ts'

const CONFIG: AuthorizeConfig = { allow: [{ source: ['frontend'], paths: ['/v1/**'] }] }

function ask(asked: RequestOptions, options: ScopeOptions = {}) {
  const scope = testScope({ direction: 'inbound', ...options })
  const upstream = new Upstream()
  const client = new Client()
  const body = authorize.create(CONFIG, scope).request!(upstream.dispatch)(requestHead(asked), client)
  return { scope, upstream, client, body }
}

for (const [asked, reason, decision] of [
  [{ source: 'frontend', path: '/v1/x' }, undefined, undefined],
  [{ source: 'batch', path: '/v1/x' }, 'denied', 'denied'],
  [{ source: '', path: '/v1/x' }, 'unauthorized', 'unauthorized'],
  [{ source: '', path: '/v2' }, 'denied', 'denied'],
  [{ source: 'frontend', path: '/v1/a;b' }, 'protocol_error_downstream', 'ambiguous_path'],
] as const) {
  t.test(`'${asked.source}' at ${asked.path}: ${reason ?? 'passes'}`, async (t) => {
    const { scope, upstream, client } = ask(asked)
    t.same(client.log, [], 'nothing before the dispatch has returned')
    await settled()
    t.equal(client.error?.reason, reason)
    t.equal(upstream.calls.length, reason === undefined ? 1 : 0)
    t.same(scope.events.log, decision === undefined ? [] : [`authorize ${decision}`])
    const shadow = ask(asked, { mode: 'shadow' })
    await settled()
    t.equal(shadow.upstream.calls.length, 1)
    t.same(shadow.scope.events.log, decision === undefined ? [] : [`authorize would ${decision}`])
  })
}

t.test('A 401 carries a challenge', async (t) => {
  const { client } = ask({ source: '', path: '/v1/x' })
  await settled()
  t.same(client.error?.fields, ['www-authenticate', 'outrigger-source'])
})

t.test('An abort takes the place of the refusal', async (t) => {
  const { client, body } = ask({ path: '/v1/x' })
  body.abort(new ProxyError('client_cancelled', 'downstream', 'no', 'left'))
  await settled()
  t.same(client.log, ['fail client_cancelled'])
})
