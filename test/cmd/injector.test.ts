import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { injectorOptions } from '../../cmd/commands/injector-options.ts'
import { INJECTOR } from '../../cmd/usage/injector.ts'
import { optionsOf } from '../support/called.ts'
import { cluster } from '../support/injector-scene.ts'
import { IMAGES } from '../support/pods.ts'
import { start } from '../support/spawned.ts'

const read = optionsOf(INJECTOR, injectorOptions)

t.test('injectorOptions(): flag over variable over what a pod finds', async (t) => {
  const options = read(['--listen', '127.0.0.1:1', '--ca-lifetime', '1h'], {
    POD_NAMESPACE: 'mesh',
    OUTRIGGER_LISTEN: '127.0.0.1:2',
    OUTRIGGER_CA_SECRET: 'other',
  })
  t.match(options, {
    listen: { host: '127.0.0.1', port: 1 },
    admin: { host: '::', port: 19002 },
    namespace: 'mesh',
    certificates: { mode: 'self', secret: 'other', caLifetime: 3_600_000, servingLifetime: 2_592_000_000 },
    drainDelay: 5000,
  })
  const files = read(['--certificates=files', '--namespace=mesh'], {})
  t.same(files.certificates, { mode: 'files', folder: '/etc/outrigger/certificates' })
  t.throws(() => read(['--namespace=x', '--certificates=magic'], {}), /one of self, files, found 'magic'/)
  t.throws(() => read(['--namespace=x', '--drain-delay=5'], {}), /--drain-delay must be a duration/)
  t.throws(() => read(['--namespace=x', '--nothing'], {}), /nothing/)
})

t.test(
  'The injector ends with 0 after a signal, with 1 for a file that cannot be used or a taken port, with 2 for wrong usage',
  async (t) => {
    const api = await cluster(t)
    const folder = t.testdir({ 'good.yaml': IMAGES, 'bad.yaml': 'images: {}\n', token: 'x' })
    const args = (config: string, listen: string): string[] => [
      'injector',
      `--config=${join(folder, config)}`,
      `--listen=${listen}`,
      '--admin=127.0.0.1:0',
      '--namespace=mesh',
      `--kube-api=${api.url}`,
      `--kube-token-file=${join(folder, 'token')}`,
      '--drain-delay=0s',
    ]
    const bad = start(t, args('bad.yaml', '127.0.0.1:0'))
    t.match(await bad.ended, { code: 1 })
    t.match(bad.err, /bad\.yaml:1:1: error E021 'proxy' is missing in images/)
    const server = net.createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    t.teardown(() => server.close())
    const taken = start(t, args('good.yaml', `127.0.0.1:${(server.address() as net.AddressInfo).port}`))
    t.match(await taken.ended, { code: 1 })
    t.match(taken.err, /cannot listen on 127\.0\.0\.1:\d+: EADDRINUSE/)
    const good = start(t, args('good.yaml', '127.0.0.1:0'))
    await good.ready()
    good.kill('SIGTERM')
    t.match(await good.ended, { code: 0 })
    t.match(await start(t, ['injector', '--listen', 'nowhere']).ended, { code: 2 })
  },
)
