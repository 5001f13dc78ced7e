/** A client that resets its connection before the proxy has taken it, as some probes of a port do. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { get, metric } from '../../support/ask.ts'
import { HI } from '../../support/scene.ts'
import { redirectedWorld } from '../../support/redirected-world.ts'

const PROBE = `const s = require('node:net').connect(Number(process.argv[1]), '127.0.0.1', () => s.resetAndDestroy())`

for (const direction of ['inbound', 'outbound'] as const)
  t.test(`${direction}, it is no loop, and nothing is counted`, async (t) => {
    const { proxy, client } = await redirectedWorld(t, HI)
    await (await client(direction)).destroy()
    // The proxy's event loop is held meanwhile, so it accepts what is over already.
    t.equal(spawnSync(process.execPath, ['-e', PROBE, String(proxy[direction])]).status, 0)
    const next = await client(direction)
    next.send(get('/'))
    await next.until('hi!')
    t.equal(await metric(proxy, 'outrigger_refused_total'), 0)
    next.destroy()
  })
