import t from 'tap'
import { firewall } from '../../cmd/commands/firewall.ts'
import { called } from '../support/called.ts'

const call = (...args: string[]) => called(firewall, args)

t.test('firewall plan prints what would be restored, for both families', async (t) => {
  const { code, out } = await call('plan', '--skip-outbound', '25,8300-8400', '--skip-outbound-cidrs=', '--proxy-uid=7')
  t.equal(code, 0)
  t.match(out, /^# iptables-nft-restore --noflush -w 10\n\*nat\n[^#]*COMMIT\n# ip6tables-nft-restore/)
  t.equal(out.match(/--uid-owner 7 -j RETURN/g)?.length, 2)
  t.equal(out.match(/--dports 25,8300:8400 -j RETURN/g)?.length, 2)
  t.notMatch(out, '169.254')
})

t.test('firewall plan of IPv4 alone, with a listener for each port', async (t) => {
  const { out } = await call(
    'plan',
    '--ipv6=disabled',
    '--backend=legacy',
    '--inbound-port-map=8080:19100',
    '--outbound=none',
  )
  t.match(out, /^# iptables-legacy-restore/)
  t.notMatch(out, 'ip6')
  t.match(out, '--dport 8080 -j REDIRECT --to-ports 19100')
  t.notMatch(out, 'OUTRIGGER_OUT')
})

t.test('firewall refuses what it cannot read, and says what must hold', async (t) => {
  for (const [args, sentence] of [
    [[], /say one of plan, apply, remove/],
    [['plan', 'apply'], /say one of/],
    [['plan', '--skip-inbound=x'], /--skip-inbound must be ports and ranges .*found 'x': 'x' is neither/],
    [['plan', '--skip-inbound=9-2'], /write 2-9/],
    [['plan', '--inbound=1,2'], /--inbound must be a port/],
    [['plan', '--proxy-uid=root'], /--proxy-uid must be the number of a user/],
    [['plan', '--skip-outbound-cidrs=10.0.0.0/33'], /'10.0.0.0\/33' is none/],
    [['plan', '--inbound-port-map=1:2,1:3'], /'1:3' repeats a port of the application/],
    [['plan', '--inbound-port-map=1:2,3:2'], /'3:2' repeats a listener/],
    [['plan', '--backend=ebpf'], /one of auto, nft, legacy/],
    [['plan', '--colour'], /colour/],
  ] as const) {
    const { code, err } = await call(...args)
    t.equal(code, 2, args.join(' '))
    t.match(err, sentence)
    t.match(err, 'usage: outrigger firewall')
  }
})
