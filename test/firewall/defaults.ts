/** What `outrigger firewall` sets where nobody says anything. */
import { Given } from '../../cmd/command-line/given.ts'
import { firewallOptions } from '../../cmd/commands/firewall-options.ts'
import { FIREWALL } from '../../cmd/usage/firewall.ts'

export const DEFAULTS = firewallOptions(new Given(FIREWALL, ['plan'], {})).settings
