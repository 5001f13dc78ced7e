/** `outrigger firewall plan|apply|remove`: the rules that lead connections to the sidecar. 0 done, 1 not, 2 wrong usage. */
import { apply, hasIpv6Address, type Parts, readInterfaces, remove } from '../../src/firewall/apply.ts'
import { planApply } from '../../src/firewall/plan.ts'
import { RESTORE_ARGS, toolRunner, toolsOf } from '../../src/firewall/tools.ts'
import { type FirewallOptions, firewallOptions } from './firewall-options.ts'

const USAGE = `usage: outrigger firewall plan|apply|remove [--inbound PORT|none] [--outbound PORT|none] [--proxy-uid UID]
                          [--skip-inbound PORTS] [--skip-outbound PORTS] [--skip-inbound-cidrs CIDRS]
                          [--skip-outbound-cidrs CIDRS] [--inbound-port-map APP:LISTENER,…]
                          [--backend auto|nft|legacy] [--ipv6 auto|disabled]`

type Write = (text: string) => void

export async function firewall(
  args: readonly string[],
  out: Write = (text) => process.stdout.write(text),
  err: Write = (text) => process.stderr.write(text),
): Promise<number> {
  let options: FirewallOptions
  try {
    options = firewallOptions(args)
  } catch (error) {
    err(`outrigger firewall: ${(error as Error).message}\n${USAGE}\n`)
    return 2
  }
  const { action, backend, ipv6, settings } = options
  if (action === 'plan') {
    out(planText(options))
    return 0
  }
  const run = toolRunner(process.env)
  const parts: Parts = { run, backend, ipv6, hasIpv6: () => hasIpv6Address(readInterfaces()) }
  const { ok, report } = action === 'apply' ? apply(settings, parts) : remove(parts)
  err(report.map((line) => `outrigger firewall: ${line}\n`).join(''))
  return ok ? 0 : 1
}

/** For a network namespace in which nothing stands yet. */
function planText({ settings, backend, ipv6 }: FirewallOptions): string {
  const families = ipv6 ? ([4, 6] as const) : ([4] as const)
  const parts = families.map((family) => {
    const { restore } = toolsOf(family, backend ?? 'nft')
    return `# ${restore} ${RESTORE_ARGS.join(' ')}\n${planApply(new Map(), settings, family)}`
  })
  return parts.join('')
}
