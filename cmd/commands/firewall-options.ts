/** The flags of `firewall`. */
import { type Parsed, unreadable } from '../../src/config/values/parsed.ts'
import { parseCidr } from '../../src/config/values/address.ts'
import { parseLedPorts, parsePorts } from '../../src/config/values/ports.ts'
import { canonicalCidr } from '../../src/firewall/cidr.ts'
import type { FirewallSettings } from '../../src/firewall/settings.ts'
import type { Backend } from '../../src/firewall/tools.ts'
import { type Given, oneOf } from '../command-line/given.ts'
import type { FIREWALL } from '../usage/firewall.ts'

type Flag = keyof typeof FIREWALL.flags

const ACTIONS = ['plan', 'apply', 'remove'] as const
export type Action = (typeof ACTIONS)[number]

export interface FirewallOptions {
  readonly action: Action
  readonly settings: FirewallSettings
  readonly backend: Backend | undefined
  readonly ipv6: boolean
}

/** Throws an Error with a sentence. */
export function firewallOptions(given: Given<Flag>): FirewallOptions {
  const [action, ...more] = given.words
  if (!isAction(action) || more.length > 0) throw new Error(`say one of ${ACTIONS.join(', ')}`)
  const backend = given.read('backend', oneOf(['auto', 'nft', 'legacy']))
  return {
    action,
    settings: {
      inbound: given.read('inbound', parseListener),
      outbound: given.read('outbound', parseListener),
      proxyUids: given.read('proxy-uid', parseUids),
      skipInbound: given.read('skip-inbound', parsePorts),
      skipOutbound: given.read('skip-outbound', parsePorts),
      skipInboundCidrs: given.read('skip-inbound-cidrs', parseCidrs),
      skipOutboundCidrs: given.read('skip-outbound-cidrs', parseCidrs),
      portMap: given.read('inbound-port-map', parseLedPorts),
    },
    backend: backend === 'auto' ? undefined : backend,
    ipv6: given.read('ipv6', oneOf(['auto', 'disabled'])) === 'auto',
  }
}

function isAction(text: string | undefined): text is Action {
  return (ACTIONS as readonly (string | undefined)[]).includes(text)
}

function parseListener(text: string): Parsed<number | undefined> {
  if (text === 'none') return { ok: true, value: undefined }
  const result = parsePorts(text)
  const [range, ...more] = result.ok ? result.value : []
  if (range === undefined || range.from !== range.to || more.length > 0)
    return unreadable('a port such as 19000, or none', '')
  return { ok: true, value: range.from }
}

function parseUids(text: string): Parsed<readonly number[]> {
  const uids = text.split(',').map((item) => (/^[0-9]{1,10}$/.test(item.trim()) ? Number(item) : Number.NaN))
  const fits = uids.every((uid) => uid >= 0 && uid < 2 ** 32 - 1)
  return fits
    ? { ok: true, value: uids }
    : unreadable('the number of a user, such as 19765, or several separated by commas', '')
}

function parseCidrs(text: string): Parsed<readonly string[]> {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  const read = items.map((item) => parseCidr(item))
  const wrong = read.findIndex(({ ok }) => !ok)
  if (wrong >= 0) return unreadable('blocks of addresses such as 10.0.0.0/8,fd00::/8', `'${items[wrong]}' is none`)
  return { ok: true, value: read.map((result) => canonicalCidr((result as { value: string }).value)) }
}
