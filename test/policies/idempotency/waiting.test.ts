/** A request whose store takes its time, as Redis does. */
import t from 'tap'
import { ReplayAccount } from '../../../src/core/replay-buffer.ts'
import { Door } from '../../../src/policies/idempotency/door.ts'
import type { Asker, Lease, Store } from '../../../src/policies/idempotency/store.ts'
import { Client, requestHead, testScope, Upstream } from '../../support/stubs.ts'

const RULES = { field: 'idempotency-key', required: false, maxBodyBytes: 100, waits: true, proceeds: false }
const LEASE: Lease = { settle() {} }

/** Says nothing until it is told to. */
class Slow {
  readonly atOnce = false
  asker: Asker | undefined
  acquire(_: string, asker: Asker): void {
    this.asker = asker
  }
  wait(): void {}
  forget(): void {}
}

function asked() {
  const { clock, events } = testScope({ direction: 'inbound' })
  const store = new Slow()
  const upstream = new Upstream()
  const account = new ReplayAccount(1000)
  const door = new Door({ rules: RULES, store: store as unknown as Store, clock, events, account }, upstream.dispatch)
  const client = new Client()
  const headers = ['Idempotency-Key', 'k']
  const body = door.dispatch(requestHead({ method: 'POST', bodyLength: -1, headers }), client)
  return { store, upstream, account, client, body }
}

t.test('what came before the store has answered counts once against maxBodyBytes', async (t) => {
  const { store, upstream, account, client, body } = asked()
  body.data(Buffer.alloc(60, 'a'))
  store.asker?.told({ found: 'in_flight' })
  body.data(Buffer.alloc(40, 'b'))
  body.end()
  t.equal(account.used, 100)
  store.asker?.told({ found: 'leased', lease: LEASE })
  t.equal(client.error, undefined)
  t.same(upstream.last.log, [`data ${'a'.repeat(60)}`, `data ${'b'.repeat(40)}`, 'end'])
  t.equal(account.used, 0)
})

t.test('a body that comes in crumbs is charged for what they take', async (t) => {
  const { store, account, client, body } = asked()
  store.asker?.told({ found: 'in_flight' })
  for (let i = 0; i < 30; i++) body.data(Buffer.from('x'))
  t.equal(account.used, 0, '30 bytes are more than 1000 in the account')
  body.end()
  store.asker?.told({ found: 'leased', lease: LEASE })
  t.equal(client.error?.reason, 'idempotency_in_flight')
})

t.test('a byte more than maxBodyBytes is not kept, and cannot be sent', async (t) => {
  const { store, upstream, account, client, body } = asked()
  body.data(Buffer.alloc(60))
  store.asker?.told({ found: 'in_flight' })
  body.data(Buffer.alloc(41))
  body.end()
  t.equal(account.used, 0)
  store.asker?.told({ found: 'leased', lease: LEASE })
  t.equal(client.error?.reason, 'idempotency_in_flight')
  t.equal(upstream.calls.length, 0)
})
