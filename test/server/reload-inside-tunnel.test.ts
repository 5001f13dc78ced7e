/** A reload, and a tunnel that is looked into and goes on. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { answer, get, request } from '../support/ask.ts'
import { services } from '../support/proxy.ts'
import { HI, policy, scene } from '../support/scene.ts'

t.test(
  'Its requests go to its Service, whatever Host they name, though the reload took the policies away',
  async (t) => {
    const { client, origin, proxy } = await scene(t, HI, { yaml: policy('bulkhead: {maxConcurrent: 100}') })
    const asker = await client()
    asker.send(request('CONNECT origin:80', ['Host: origin:80']))
    await asker.until('\r\n\r\n')
    asker.send(get('/1', 'Host: whatever'))
    const first = await answer(asker, asker.text.indexOf('\r\n\r\n') + 4)
    t.equal(first.status, 200)
    writeFileSync(join(proxy.folder, 'policy.yaml'), services({ origin: origin.port }))
    t.equal(proxy.reload(), true)
    asker.send(get('/2', 'Host: whatever'))
    const second = await answer(asker, first.next)
    t.equal(second.status, 200)
    asker.send(request('CONNECT origin:80', ['Host: origin:80']))
    t.equal((await answer(asker, second.next, 'CONNECT')).status, 404, 'a tunnel in the tunnel')
  },
)
