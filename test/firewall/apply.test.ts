import t from 'tap'
import { apply, hasIpv6Address, type Parts, remove } from '../../src/firewall/apply.ts'
import { DEFAULTS } from './defaults.ts'
import type { Ran, RunTool } from '../../src/firewall/tools.ts'

const GOOD: Ran = { status: 0, stdout: '', stderr: '', missing: false }
const MISSING: Ran = { status: -1, stdout: '', stderr: '', missing: true }

/** Programs that do as the first entry says whose name theirs begins with; others are not installed. */
function tools(programs: Readonly<Record<string, Ran>>): { run: RunTool; ran: [string, string][] } {
  const ran: [string, string][] = []
  const run: RunTool = (program, _args, input) => {
    ran.push([program, input])
    return programs[program] ?? MISSING
  }
  return { run, ran }
}

const NFT = { 'iptables-nft-save': GOOD, 'iptables-nft-restore': GOOD }
const NFT6 = { 'ip6tables-nft-save': GOOD, 'ip6tables-nft-restore': GOOD }

const parts = (run: RunTool, more: Partial<Parts> = {}): Parts => ({
  run,
  backend: undefined,
  ipv6: true,
  hasIpv6: () => true,
  ...more,
})

t.test('apply() takes nft where it works, for both families', async (t) => {
  const { run, ran } = tools({ ...NFT, ...NFT6 })
  const { ok, report } = apply(DEFAULTS, parts(run))
  t.ok(ok)
  t.equal(report.length, 2)
  t.same(
    ran.map(([program]) => program),
    ['iptables-nft-save', 'ip6tables-nft-save', 'iptables-nft-restore', 'ip6tables-nft-restore'],
  )
  t.match(ran[3]?.[1], 'fd00:ec2::/32')
})

t.test('apply() changes nothing where there is an IPv6 address and no ip6tables', async (t) => {
  const { run, ran } = tools(NFT)
  const { ok, report } = apply(DEFAULTS, parts(run))
  t.notOk(ok)
  t.match(report.join('\n'), /IPv6: ip6tables-nft-save is not installed/)
  t.match(report.join('\n'), /there is an address.*nothing was changed/)
  t.notOk(ran.some(([program]) => program.endsWith('restore')))
})

t.test('apply() goes on without IPv6 where there is no address, or the operator says so', async (t) => {
  const none = tools(NFT)
  t.ok(apply(DEFAULTS, parts(none.run, { hasIpv6: () => false })).ok)
  const said = tools({ ...NFT, ...NFT6 })
  t.ok(apply(DEFAULTS, parts(said.run, { ipv6: false })).ok)
  t.notOk(said.ran.some(([program]) => program.startsWith('ip6')))
})

t.test('apply() falls back to legacy, then to programs without a name for their back end', async (t) => {
  const legacy = tools({ 'iptables-legacy-save': GOOD, 'iptables-legacy-restore': GOOD })
  t.ok(apply(DEFAULTS, parts(legacy.run, { ipv6: false })).ok)
  const plain = tools({ 'iptables-save': GOOD, 'iptables-restore': GOOD })
  t.ok(apply(DEFAULTS, parts(plain.run, { ipv6: false })).ok)
  t.match(apply(DEFAULTS, parts(plain.run, { ipv6: false, backend: 'nft' })).report, [
    'IPv4: iptables-nft-save is not installed',
  ])
})

t.test('apply() stays with the back end that has our rules', async (t) => {
  const { run, ran } = tools({
    'iptables-nft-save': {
      ...GOOD,
      stdout: '# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n',
    },
    'iptables-nft-restore': GOOD,
    'iptables-legacy-save': { ...GOOD, stdout: '*nat\n:OUTRIGGER_IN - [0:0]\nCOMMIT\n' },
    'iptables-legacy-restore': GOOD,
  })
  t.ok(apply(DEFAULTS, parts(run, { ipv6: false })).ok)
  t.equal(ran.at(-1)?.[0], 'iptables-legacy-restore')
  t.ok(remove(parts(run, { ipv6: false })).ok)
  t.match(ran.at(-1)?.[1], '-X OUTRIGGER_IN')
})

t.test('apply() tells what a program said, and what it lacks', async (t) => {
  const { run } = tools({
    'iptables-nft-save': GOOD,
    'iptables-nft-restore': {
      status: 4,
      stdout: '',
      stderr: 'iptables-nft-restore: line 3: Permission denied (you must be root)\n',
      missing: false,
    },
  })
  const { ok, report } = apply(DEFAULTS, parts(run, { ipv6: false }))
  t.notOk(ok)
  t.match(report, [/failed with 4: .*line 3.*NET_ADMIN and NET_RAW.*nothing was changed/])
})

t.test('hasIpv6Address() counts every address but that of loopback', async (t) => {
  const line = (address: string, name: string) => `${address} 01 80 10 80       ${name}\n`
  const loopback = line('00000000000000000000000000000001', 'lo')
  t.notOk(hasIpv6Address(''))
  t.notOk(hasIpv6Address(loopback))
  t.ok(hasIpv6Address(loopback + line('fe8000000000000000fc00fffe000001', 'eth0')))
  t.ok(hasIpv6Address(line('fd000000000000000000000000000002', 'eth0')))
})
