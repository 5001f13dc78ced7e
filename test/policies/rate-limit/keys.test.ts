import t from 'tap'
import { KeyReader } from '../../../src/policies/rate-limit/keys.ts'
import { requestHead } from '../../support/stubs.ts'

function key(parts: readonly string[], headers: readonly string[], source = '', template = '*'): string {
  return new KeyReader(parts, template).of(requestHead({ headers, source }))
}

const TENANT = ['header:X-Tenant']

t.test('of() reads the parts it is asked for, and nothing else', async (t) => {
  t.not(key(TENANT, ['x-tenant', 'a']), key(TENANT, ['x-tenant', 'b']))
  t.equal(key(TENANT, ['x-tenant', 'a', 'x-other', '1'], 'shop'), key(TENANT, ['X-TENANT', 'a'], 'batch', '/v1/**'))
  t.not(key(['source'], [], 'shop'), key(['source'], [], 'batch'))
  t.not(key(['path'], [], '', '/v1/**'), key(['path'], [], '', '/v2/**'))
})

t.test('of() is one composite key, in any order of its parts', async (t) => {
  const both = ['source', 'header:a', 'header:b']
  t.equal(key(both, ['b', '2', 'a', '1'], 's'), key(both.toReversed(), ['a', '1', 'b', '2'], 's'))
  t.not(key(both, ['a', '1'], 's'), key(both, ['b', '1'], 's'))
  t.not(key(['source', 'header:a'], ['a', 'x'], ''), key(['source', 'header:a'], [], 'x'))
})

t.test('of() takes several fields of one name as one list, so that the first does not choose the bucket', async (t) => {
  t.equal(key(TENANT, ['x-tenant', 'a', 'X-Tenant', 'b']), key(TENANT, ['x-tenant', 'a, b']))
  t.not(key(TENANT, ['x-tenant', 'a', 'x-tenant', 'b']), key(TENANT, ['x-tenant', 'a']))
})

t.test('of() is short, however long the field is, and still tells fields apart', async (t) => {
  const long = 'x'.repeat(60_000)
  const one = key(TENANT, ['x-tenant', `${long}1`])
  t.ok(one.length <= 64)
  t.equal(one, key(TENANT, ['x-tenant', `${long}1`]))
  t.not(one, key(TENANT, ['x-tenant', `${long}2`]))
})
