import t from 'tap'
import { runOptions } from '../../cmd/commands/run-options.ts'
import { RUN } from '../../cmd/usage/run.ts'
import { mutate } from '../../src/kubernetes/inject/mutate.ts'
import type { Pod } from '../../src/kubernetes/inject/pod.ts'
import { optionsOf } from '../support/called.ts'
import { applyPatch } from '../support/fake-api.ts'
import { NAMESPACE, pod, SERVER, settings } from '../support/pods.ts'

const read = optionsOf(RUN, runOptions)

t.test('runOptions() reads what interception needs, from flags and from the environment', async (t) => {
  const usual = read([], {})
  t.equal(usual.transparent, false)
  t.same(
    usual.opaquePorts.map(({ from }) => from),
    [25, 587, 3306, 4444, 5432, 6379, 9300, 11211],
  )
  t.equal(usual.appPorts?.size, 0)
  t.same(usual.portMap, [])
  const flags = read(
    [
      '--transparent',
      '--opaque-ports=1,5-9',
      '--app-ports=80=http',
      '--inbound-port-map=80:19100',
      '--inbound=[::]:19000',
    ],
    { OUTRIGGER_OPAQUE_PORTS: '7', APP_PORTS: '[{"port":81,"name":"http"}]' },
  )
  t.match(flags, {
    transparent: true,
    opaquePorts: [
      { from: 1, to: 1 },
      { from: 5, to: 9 },
    ],
    portMap: [{ port: 80, listener: 19_100 }],
    inbound: { host: '::', port: 19_000 },
  })
  t.same([...(flags.appPorts ?? [])], [[80, 'http']])
  const pod = read([], {
    OUTRIGGER_TRANSPARENT: 'true',
    APP_PORTS: '[{"port":81,"name":"mysql"}]',
    OUTRIGGER_OPAQUE_PORTS: 'none',
  })
  t.equal(pod.transparent, true)
  t.same([...(pod.appPorts ?? [])], [[81, 'tcp']])
  t.same(pod.opaquePorts, [])
})

t.test(
  'runOptions() takes what the injector writes of any pod: two names of one port, a grace period of weeks',
  async (t) => {
    const ports = [
      { name: 'http', containerPort: 8080 },
      { name: 'metrics', containerPort: 8080 },
    ]
    const input = pod({ containers: [{ name: 'app', ports }], terminationGracePeriodSeconds: 2_592_000 })
    const patched = applyPatch(
      input,
      mutate(input, NAMESPACE, settings('interception: named-port\n'), SERVER).patch,
    ) as Pod
    const proxy = patched.spec.initContainers?.find(({ name }) => name === 'outrigger-proxy')
    const environment = Object.fromEntries((proxy?.env ?? []).map(({ name, value }) => [name, value]))
    const { portMap, lifecycle } = read(proxy?.args?.slice(1) ?? [], environment)
    t.same(portMap, [
      { port: 8080, listener: 19_100 },
      { port: 8080, listener: 19_101 },
    ])
    t.same(lifecycle, { layout: 'native', grace: 2_592_000_000 })
    t.same(read([], { TERMINATION_GRACE_SECONDS: '-1' }).lifecycle, { layout: 'alone', grace: -1000 })
    t.throws(() => read([], { TERMINATION_GRACE_SECONDS: '1h' }), /must be a number of seconds/)
    t.throws(() => read(['--inbound-port-map=1:2,3:2'], {}), /'3:2' repeats/)
  },
)

t.test('runOptions() says what must hold', async (t) => {
  for (const [args, environment, sentence] of [
    [['--opaque-ports=x'], {}, /--opaque-ports must be ports and ranges/],
    [['--app-ports=[{'], {}, /--app-ports must be ports with what they speak/],
    [[], { APP_PORTS: '[{"name":"http"}]' }, /^APP_PORTS must be/],
    [['--inbound-port-map=80'], {}, /--inbound-port-map must be pairs/],
    [[], { OUTRIGGER_TRANSPARENT: 'yes' }, /OUTRIGGER_TRANSPARENT must be true or false/],
  ] as const) {
    t.throws(() => read(args, environment), sentence)
  }
})
