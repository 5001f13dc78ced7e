/** `outrigger firewall plan|apply|remove`: the rules that lead connections to the sidecar. */
import { apply, hasIpv6Address, type Parts, readInterfaces, remove } from '../../src/firewall/apply.ts'
import { planApply } from '../../src/firewall/plan.ts'
import { RESTORE_ARGS, toolRunner, toolsOf } from '../../src/firewall/tools.ts'
import { command } from '../command-line/command.ts'
import { FIREWALL } from '../usage/firewall.ts'
import { type FirewallOptions, firewallOptions } from './firewall-options.ts'

export const firewall = command(FIREWALL, firewallOptions, (options, { out, err, environment }) => {
  const { action, backend, ipv6, settings } = options
  if (action === 'plan') {
    out(planText(options))
    return 0
  }
  const run = toolRunner(environment)
  const parts: Parts = { run, backend, ipv6, hasIpv6: () => hasIpv6Address(readInterfaces()) }
  const { ok, report } = action === 'apply' ? apply(settings, parts) : remove(parts)
  err(report.map((line) => `outrigger firewall: ${line}\n`).join(''))
  return ok ? 0 : 1
})

/** For a network namespace in which nothing stands yet. */
function planText({ settings, backend, ipv6 }: FirewallOptions): string {
  const families = ipv6 ? ([4, 6] as const) : ([4] as const)
  const parts = families.map((family) => {
    const { restore } = toolsOf(family, backend ?? 'nft')
    return `# ${restore} ${RESTORE_ARGS.join(' ')}\n${planApply(new Map(), settings, family)}`
  })
  return parts.join('')
}
