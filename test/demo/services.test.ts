import { join } from 'node:path'
import t from 'tap'
import { Child } from '../../src/demo/child.ts'
import { LeanClient } from '../../src/demo/lean-client.ts'

const PROGRAM = join(import.meta.dirname, '../../cmd/outrigger.ts')

function ask(client: LeanClient, line: string, body = ''): Promise<number> {
  const length = body === '' ? '' : `content-length: ${body.length}\r\n`
  return new Promise((resolve) => client.send(`${line} HTTP/1.1\r\nhost: x\r\n${length}\r\n${body}`, resolve))
}

t.test('The sample services outlive what one may send them by hand', async (t) => {
  const started = async (role: string) => {
    const child = new Child(role, [...process.execArgv, PROGRAM, 'demo', '--role', role, '--scale', '20'])
    t.teardown(() => child.stop())
    const client = new LeanClient((await child.ready()).listen ?? '')
    t.teardown(() => client.close())
    return { child, client }
  }
  const [order, inventory] = await Promise.all([started('order'), started('inventory')])
  t.equal(await ask(order.client, 'GET //'), 400)
  t.equal(await ask(order.client, 'GET /api/orders/O-1'), 200)
  const torn = '{"userId": "u", "sku": "\\ud800", "quantity": 1}'
  t.equal(await ask(order.client, 'POST /api/orders', torn), 502, 'inventory is not introduced')
  t.equal(await ask(inventory.client, 'GET /api/stock/%zz'), 404)
  t.equal(await ask(inventory.client, 'GET /api/stock/sku-1'), 200)
  t.same([order.child.ended, inventory.child.ended], [false, false])
})
