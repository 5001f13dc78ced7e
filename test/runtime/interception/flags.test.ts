import t from 'tap'
import { loadText } from '../../../src/config/load.ts'
import type { SidecarDocument } from '../../../src/config/model.ts'
import { withFlags } from '../../../src/runtime/flags.ts'

function sidecar(text = ''): SidecarDocument {
  const { config, issues } = loadText(text === '' ? '' : `kind: Sidecar\nname: orders\n${text}`, [])
  if (config === undefined) throw new Error(issues.map(({ message }) => message).join('\n'))
  return config.sidecar
}

const ANY = { host: '::', port: 19_000 }

t.test('withFlags(): --transparent alone', async (t) => {
  const { inbound, outbound } = withFlags(sidecar(), { transparent: true })
  t.same(inbound, [{ listen: ANY, app: 'original', protocol: 'auto', tls: undefined }])
  t.match(outbound, { listen: { host: '::', port: 19_001 }, transparent: true, unknownHosts: 'passthrough' })
})

t.test('withFlags(): --transparent over what the file says', async (t) => {
  const file = sidecar('inbound: [{app: "127.0.0.1:8080", protocol: http2}]\noutbound: {unknownHosts: refuse}')
  const { inbound, outbound } = withFlags(file, { transparent: true, inbound: ANY })
  t.match(inbound, [{ listen: ANY, app: 'original', protocol: 'http2' }])
  t.match(outbound, { transparent: true, unknownHosts: 'refuse' })
  t.match(withFlags(file, { transparent: true, app: { host: 'a', port: 1 } }).inbound, [
    { app: { host: 'a', port: 1 } },
  ])
  const two = sidecar('inbound: [{app: "a:1"}, {app: "a:2", listen: "0.0.0.0:1"}]')
  t.throws(() => withFlags(two, { transparent: true }), /--transparent mean one inbound listener; .* has 2/)
})

t.test('the file alone: strangers pass where outbound is transparent, unless it says otherwise', async (t) => {
  t.equal(sidecar('outbound: {transparent: true}').outbound?.unknownHosts, 'passthrough')
  t.equal(sidecar('outbound: {transparent: true, unknownHosts: refuse}').outbound?.unknownHosts, 'refuse')
  t.equal(sidecar('outbound: {}').outbound?.unknownHosts, 'refuse')
  const stated = withFlags(sidecar('outbound: {unknownHosts: passthrough}'), { outbound: ANY })
  t.match(stated.outbound, { listen: ANY, transparent: false, unknownHosts: 'passthrough' })
})

t.test('withFlags(): a listener for each port, where nothing is redirected', async (t) => {
  const portMap = [
    { port: 8080, listener: 19_100 },
    { port: 3306, listener: 19_101 },
  ]
  t.match(withFlags(sidecar(), { portMap, appPorts: new Map([[3306, 'tcp']]) }).inbound, [
    { listen: { host: '::', port: 19_100 }, app: { host: '127.0.0.1', port: 8080 }, protocol: 'auto' },
    { listen: { host: '::', port: 19_101 }, app: { host: '127.0.0.1', port: 3306 }, protocol: 'tcp' },
  ])
  t.match(withFlags(sidecar(), { portMap, transparent: true }).inbound, [{ app: 'original' }])
  t.throws(() => withFlags(sidecar(), { portMap, app: ANY }), /leave --app and --inbound out/)
})

for (const entry of ['app: "a:1", protocol: tcp', 'app: original', 'app: original, protocol: tcp'])
  t.test(`tls beside ${entry} is an error`, async (t) => {
    const text = `kind: Sidecar\nname: x\ninbound: [{${entry}, tls: {cert: c, key: k}}]`
    t.match(loadText(text, []).issues, [{ code: 'E028', message: /leave one of them out/ }])
  })

t.test('tls of the file beside --transparent is an error: whatever was asked there got a 404', async (t) => {
  const secure = sidecar('inbound: [{app: "a:1", tls: {cert: c, key: k}}]')
  t.throws(() => withFlags(secure, { transparent: true }), /leave tls out/)
  t.match(withFlags(secure, { transparent: true, app: ANY }).inbound, [{ app: ANY, tls: { cert: 'c' } }])
})
