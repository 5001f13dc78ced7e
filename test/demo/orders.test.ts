import t from 'tap'
import { isStatus, Orders } from '../../src/demo/orders.ts'

t.test('Orders.move follows the state machine', async (t) => {
  const orders = new Orders(0)
  const { orderNo } = orders.create('ada', 'sku-1', 1, 'CREATED')
  t.equal(orders.move(orderNo, 'SHIPPED'), 'conflict', 'not before it is paid')
  for (const status of ['PAID', 'PAID', 'SHIPPED', 'DELIVERED'] as const) {
    t.match(orders.move(orderNo, status), { orderNo, status })
  }
  t.equal(orders.move(orderNo, 'CANCELLED'), 'conflict')
  t.equal(orders.move('O-99', 'PAID'), 'unknown')
})

t.test('Orders.remove refuses what has left the house', async (t) => {
  const orders = new Orders(2)
  orders.move('O-1', 'PAID')
  orders.move('O-1', 'SHIPPED')
  t.equal(orders.remove('O-1'), 'conflict')
  t.equal(orders.remove('O-2'), 'removed')
  t.equal(orders.remove('O-2'), 'unknown')
})

t.test('Orders.ofUser gives a user’s own', async (t) => {
  const orders = new Orders(1)
  orders.create('ada', 'sku-1', 1, 'CREATED')
  orders.create('bob', 'sku-1', 1, 'CREATED')
  t.same(
    orders.ofUser('ada').map((order) => order.orderNo),
    ['O-2'],
  )
})

t.test('Orders forget the oldest, but never those they began with', async (t) => {
  const orders = new Orders(1)
  for (let index = 0; index < 10_001; index++) orders.create('ada', 'sku-1', 1, 'CREATED')
  t.ok(orders.find('O-1'))
  t.notOk(orders.find('O-2'))
  t.ok(orders.find('O-10002'))
})

t.test('isStatus() knows the states and nothing inherited', async (t) => {
  t.ok(isStatus('PAID'))
  for (const text of ['paid', 'toString', '', 5, undefined]) t.notOk(isStatus(text))
})
