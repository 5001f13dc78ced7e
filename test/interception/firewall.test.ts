/** The rules in real tables: both back ends, one after the other, mended, beside those of others, and without IPv6. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { cannotMakeNamespaces, PEER, POD, PROXY_UID, World } from './world.ts'

t.setTimeout(300_000)

const skip = cannotMakeNamespaces()
const may = { skip: skip === '' ? false : skip }

const SAVES = ['iptables-nft-save', 'ip6tables-nft-save', 'iptables-legacy-save', 'ip6tables-legacy-save'] as const

async function make(t: { teardown(end: () => void): void }): Promise<World> {
  const world = await World.make()
  t.teardown(() => world.close())
  return world
}

function inPod(world: World, ...command: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('ip', ['netns', 'exec', world.pod, ...command], { encoding: 'utf8' })
}

/** Lines of rules and chains of ours, by program. */
function ours(world: World): number[] {
  return SAVES.map((program) => (world.rules(program).match(/OUTRIGGER/g) ?? []).length)
}

for (const backend of ['nft', 'legacy'] as const) {
  t.test(`apply, again, mend and remove with ${backend}`, may, async (t) => {
    const world = await make(t)
    const [save, save6] = backend === 'nft' ? SAVES : SAVES.slice(2)
    const flag = `--backend=${backend}`
    const program = backend === 'nft' ? 'iptables-nft' : 'iptables-legacy'
    inPod(world, program, '-t', 'nat', '-N', 'OTHERS')
    inPod(world, program, '-t', 'nat', '-A', 'OUTPUT', '-d', '127.0.0.11/32', '-j', 'OTHERS')
    inPod(world, save6 as string, '-t', 'nat')
    const before = world.rules(save as string)
    t.match(world.firewall('apply', flag), { status: 0, stderr: /in force\n.*in force\n/ })
    const applied = world.rules(save as string)
    t.match(world.firewall('apply', flag), { status: 0, stderr: /already\n.*already\n/ })
    t.equal(world.rules(save as string), applied)
    // Somebody took a rule away, and put a way in twice.
    inPod(world, program, '-t', 'nat', '-D', 'OUTRIGGER_OUT', '-o', 'lo', '-j', 'RETURN')
    inPod(world, program, '-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '-j', 'OUTRIGGER_IN')
    t.match(world.firewall('apply', flag), { status: 0 })
    t.equal(world.rules(save as string), applied)
    t.match(world.firewall('apply', flag, '--inbound=none', '--skip-outbound=22,8000-9000'), { status: 0 })
    t.notMatch(world.rules(save as string), 'OUTRIGGER_IN')
    t.match(world.rules(save as string), '--dports 22,8000:9000')
    t.match(world.firewall('remove'), { status: 0 })
    t.equal(world.rules(save as string), before)
    t.same(ours(world), [0, 0, 0, 0])
    t.match(world.firewall('remove'), { status: 0, stderr: /there are no rules/ })
  })
}

t.test('auto stays with legacy where legacy has our rules, and never makes both', may, async (t) => {
  const world = await make(t)
  t.equal(world.firewall('apply', '--backend=legacy').status, 0)
  t.match(world.firewall('apply'), {
    status: 0,
    stderr: /iptables-legacy-restore.*already\n.*ip6tables-legacy-restore.*already/,
  })
  const [nft, nft6, legacy, legacy6] = ours(world)
  t.same([nft, nft6], [0, 0])
  t.ok(legacy !== undefined && legacy > 0 && legacy6 !== undefined && legacy6 > 0)
})

t.test('without ip6tables nothing is set, unless the operator says that there is no IPv6', may, async (t) => {
  const world = await make(t)
  const folder = t.testdir({})
  for (const program of ['iptables-nft-save', 'iptables-nft-restore']) {
    spawnSync('ln', ['-s', `/usr/sbin/${program}`, `${folder}/${program}`])
  }
  const run = (...args: string[]) =>
    inPod(world, 'env', `PATH=${folder}`, process.execPath, 'cmd/outrigger.ts', 'firewall', ...args)
  t.match(run('apply'), { status: 1, stderr: /ip6tables-nft-save is not installed(.|\n)*nothing was changed/ })
  t.same(ours(world), [0, 0, 0, 0])
  t.match(run('apply', '--ipv6=disabled'), { status: 0 })
  t.same(ours(world).slice(1), [0, 0, 0])
  t.equal(run('remove', '--ipv6=disabled').status, 0)
})

t.test('without an IPv6 address nobody needs ip6tables', may, async (t) => {
  const world = await make(t)
  inPod(world, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.lo.disable_ipv6=1')
  const folder = t.testdir({})
  for (const program of ['iptables-nft-save', 'iptables-nft-restore']) {
    spawnSync('ln', ['-s', `/usr/sbin/${program}`, `${folder}/${program}`])
  }
  const ran = inPod(world, 'env', `PATH=${folder}`, process.execPath, 'cmd/outrigger.ts', 'firewall', 'apply')
  t.match(ran, { status: 0, stderr: /IPv6: no address and no ip6tables, left alone/ })
})

t.test('as a user without capabilities it says what is missing', may, async (t) => {
  const world = await make(t)
  const ran = inPod(
    world,
    'setpriv',
    '--reuid=65534',
    '--clear-groups',
    process.execPath,
    'cmd/outrigger.ts',
    'firewall',
    'apply',
  )
  t.match(ran, { status: 1, stderr: /NET_ADMIN and NET_RAW/ })
})

t.test('with a read-only /run the legacy programs work all the same', may, async (t) => {
  const world = await make(t)
  const script = `mount -t tmpfs -o ro tmpfs /run && exec "$0" cmd/outrigger.ts firewall apply --backend=legacy`
  const ran = inPod(world, 'unshare', '--mount', 'sh', '-c', script, process.execPath)
  if (/unshare|mount/.test(ran.stderr) && ran.status !== 0) t.comment(ran.stderr)
  t.match(ran, { status: 0, stderr: /iptables-legacy-restore.*in force/ })
})

t.test('who runs as the sidecar passes by, and nobody else does', may, async (t) => {
  const world = await make(t)
  const { application, stranger } = world
  const [sidecar, other] = await Promise.all([world.agentAs(PROXY_UID), world.agentAs(4242)])
  await stranger.listen(8080, 'http')
  // Nobody listens where the rules lead to: who does not pass by is refused.
  const passes = { status: 200 }
  const refused = { status: 0, error: 'ECONNREFUSED' }
  t.equal(world.firewall('apply').status, 0)
  t.match(await sidecar.get(PEER.v4, 8080), passes)
  t.match(await application.get(PEER.v4, 8080), refused)
  t.match(await other.get(PEER.v4, 8080), refused)
  t.equal(world.firewall('apply', '--proxy-uid=4242').status, 0)
  t.match(await sidecar.get(PEER.v4, 8080), refused)
  t.match(await other.get(PEER.v4, 8080), passes)
  t.equal((await stranger.get(POD.v4, 9)).error, 'ECONNREFUSED')
})

t.test('sources that are excluded pass by', may, async (t) => {
  const world = await make(t)
  await world.application.listen(8080, 'http')
  t.equal(world.firewall('apply', `--skip-inbound-cidrs=${PEER.v4}/32`).status, 0)
  t.equal((await world.stranger.get(POD.v4, 8080)).status, 200)
  t.equal((await world.stranger.get(POD.v6, 8080)).error, 'ECONNREFUSED')
})

t.test('a connection that was open before goes on', may, async (t) => {
  const world = await make(t)
  const { application, stranger } = world
  await stranger.listen(7000, 'echo')
  const talk = application.ask(PEER.v4, 7000, 'x', { again: Number.MAX_SAFE_INTEGER, patience: 60_000 })
  // Another one has its answer once the first is under way.
  await application.ask(PEER.v4, 7000, 'y', { until: 'y' })
  t.equal(world.firewall('apply').status, 0)
  t.equal((await application.get(PEER.v4, 7000)).error, 'ECONNREFUSED', 'a new one does not get through')
  for (let i = 0; i < 50; i++) await application.get(PEER.v4, 7000)
  await application.finish()
  const { error, ended, text } = await talk
  t.same({ error, ended }, { error: '', ended: false })
  t.comment(`${text.length} answers`)
})
