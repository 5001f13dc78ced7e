/** The flags of `firewall`. */
import { parseArgs } from 'node:util'
import { type Parsed, unreadable } from '../../src/config/values/parsed.ts'
import { parseCidr } from '../../src/config/values/address.ts'
import { parsePortMap, parsePorts } from '../../src/config/values/ports.ts'
import { canonicalCidr } from '../../src/firewall/cidr.ts'
import { DEFAULTS, type FirewallSettings } from '../../src/firewall/settings.ts'
import type { Backend } from '../../src/firewall/tools.ts'
import { oneOf, readFlag } from './flags.ts'

export const ACTIONS = ['plan', 'apply', 'remove'] as const
export type Action = (typeof ACTIONS)[number]

export interface FirewallOptions {
  readonly action: Action
  readonly settings: FirewallSettings
  readonly backend: Backend | undefined
  readonly ipv6: boolean
}

const TEXT = { type: 'string' } as const
const FLAGS = {
  inbound: TEXT,
  outbound: TEXT,
  'proxy-uid': TEXT,
  'skip-inbound': TEXT,
  'skip-outbound': TEXT,
  'skip-inbound-cidrs': TEXT,
  'skip-outbound-cidrs': TEXT,
  'inbound-port-map': TEXT,
  backend: TEXT,
  ipv6: TEXT,
} as const

type Flag = keyof typeof FLAGS

/** Throws an Error with a sentence. */
export function firewallOptions(args: readonly string[]): FirewallOptions {
  const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true })
  const [action, ...more] = positionals
  if (!isAction(action) || more.length > 0) throw new Error(`say one of ${ACTIONS.join(', ')}`)
  /** `nothing`: the empty text means something, too. */
  const read = <T>(flag: Flag, parse: (text: string) => Parsed<T>, otherwise: T, nothing = false): T => {
    const text = values[flag]
    if (text === undefined || (text === '' && !nothing)) return otherwise
    return readFlag(flag, text, parse)
  }
  const settings: FirewallSettings = {
    inbound: read('inbound', parseListener, DEFAULTS.inbound),
    outbound: read('outbound', parseListener, DEFAULTS.outbound),
    proxyUids: read('proxy-uid', parseUids, DEFAULTS.proxyUids),
    skipInbound: read('skip-inbound', parsePorts, DEFAULTS.skipInbound, true),
    skipOutbound: read('skip-outbound', parsePorts, DEFAULTS.skipOutbound),
    skipInboundCidrs: read('skip-inbound-cidrs', parseCidrs, DEFAULTS.skipInboundCidrs),
    skipOutboundCidrs: read('skip-outbound-cidrs', parseCidrs, DEFAULTS.skipOutboundCidrs, true),
    portMap: read('inbound-port-map', parsePortMap, DEFAULTS.portMap),
  }
  const backend = read('backend', oneOf(['auto', 'nft', 'legacy']), 'auto')
  return {
    action,
    settings,
    backend: backend === 'auto' ? undefined : backend,
    ipv6: read('ipv6', oneOf(['auto', 'disabled']), 'auto') === 'auto',
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
