import t from 'tap'
import { get, has, nameIs, NO_HEADERS, without } from '../../src/core/headers.ts'

const FIELDS = Object.freeze(['Host', 'a', 'X-One', '1', 'x-one', '2', 'Content-Type', '', 'X-ONE', '3'])

t.test('nameIs compares names without regard to case, and whole', async (t) => {
  t.ok(nameIs('host', 'host'))
  t.ok(nameIs('HoSt', 'host'))
  t.notOk(nameIs('host ', 'host'))
  t.notOk(nameIs('hos', 'host'))
  t.notOk(nameIs('hose', 'host'))
  t.notOk(nameIs('', 'host'))
})

t.test('nameIs does not take an underscore for a hyphen', async (t) => {
  t.notOk(nameIs('TRANSFER_ENCODING', 'transfer-encoding'))
})

t.test('get gives the first value of a name', async (t) => {
  t.equal(get(FIELDS, 'x-one'), '1')
  t.equal(get(FIELDS, 'content-type'), '', 'an empty value is a value')
  t.equal(get(FIELDS, 'x-two'), undefined)
  t.equal(get(NO_HEADERS, 'x-two'), undefined)
})

t.test('get does not take a value for a name', async (t) => {
  t.equal(get(['X-Name', 'host', 'Host', 'a'], 'host'), 'a')
})

t.test('has says whether a field is there, also an empty one', async (t) => {
  t.ok(has(FIELDS, 'content-type'))
  t.notOk(has(FIELDS, 'x-two'))
})

t.test('without gives a copy without every field of the name, order and case kept', async (t) => {
  t.strictSame(without(FIELDS, 'x-one'), ['Host', 'a', 'Content-Type', ''])
  const all = without(FIELDS, 'x-two')
  t.strictSame(all, FIELDS)
  t.not(all, FIELDS)
})
