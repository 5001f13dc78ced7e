import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { admin, ask, get } from '../support/ask.ts'
import { startProxy } from '../support/proxy.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { HI } from '../support/scene.ts'

t.test('Files that cannot be used: the sidecar starts without them and says so, and takes better ones', async (t) => {
  const app = await startRawOrigin(HI)
  t.teardown(() => app.close())
  const proxy = await startProxy('kind: Polisy\nname: x\n', { app: app.port, lenientStart: true })
  t.teardown(() => proxy.stop())
  t.equal((await ask(proxy.inbound, get('/'))).status, 200)
  t.equal((await admin(proxy, '/readyz')).status, 200)
  const { lastReload } = JSON.parse((await admin(proxy, '/config')).body.toString())
  t.match(lastReload, { success: false, report: [/policy\.yaml:1:7/] })
  t.match((await admin(proxy, '/metrics')).body.toString(), /^outrigger_config_last_reload_success 0$/m)
  t.match(proxy.log, [/^error the files cannot be used, the sidecar starts without them .*Polisy/])

  writeFileSync(join(proxy.folder, 'policy.yaml'), 'kind: Service\nname: other\nendpoints: ["127.0.0.1:1"]\n')
  t.equal(proxy.reload(), true)
  t.match((await admin(proxy, '/metrics')).body.toString(), /^outrigger_config_last_reload_success 1$/m)
})

t.test('A folder that is not there is an empty one; without lenientStart it is an error', async (t) => {
  const { startSidecar } = await import('../../src/runtime/sidecar.ts')
  const folder = t.testdir()
  rmSync(folder, { recursive: true })
  const anywhere = { host: '127.0.0.1', port: 0 }
  const log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
  const options = { paths: [folder], outbound: anywhere, admin: anywhere, log, version: '0', environment: {} }
  await t.rejects(startSidecar(options))
  const sidecar = await startSidecar({ ...options, lenientStart: true })
  t.match(sidecar.outbound, /^127/)
  await sidecar.close()
})

t.test('A start that is not lenient fails', async (t) => {
  await t.rejects(startProxy('kind: Polisy\nname: x\n'), { name: 'ConfigError' })
})
