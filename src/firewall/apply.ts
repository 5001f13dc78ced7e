/** Rules set and taken away, for both families: everything is found out before anything is changed, and no doubt leaves a way open. */
import { readFileSync } from 'node:fs'
import { findBackends, type Found, type Usable } from './backend.ts'
import { planApply, planRemove } from './plan.ts'
import type { Family, FirewallSettings } from './settings.ts'
import { type Backend, failure, RESTORE_ARGS, type RunTool } from './tools.ts'

export interface Parts {
  readonly run: RunTool
  /** undefined: whichever works. */
  readonly backend: Backend | undefined
  /** False: the operator says that there is no IPv6. */
  readonly ipv6: boolean
  /** This network namespace has an IPv6 address beside that of loopback. */
  hasIpv6(): boolean
}

export interface Result {
  readonly ok: boolean
  /** Sentences: what was done, or why it was not. */
  readonly report: readonly string[]
}

const NAMES: Readonly<Record<Family, string>> = { 4: 'IPv4', 6: 'IPv6' }

export function apply(settings: FirewallSettings, parts: Parts): Result {
  const families: readonly Family[] = parts.ipv6 ? [4, 6] : [4]
  const found = families.map((family) => ({ family, ...findBackends(family, parts.backend, parts.run) }))
  const needed = found.filter(({ family, usable }) => usable.length > 0 || family === 4 || parts.hasIpv6())
  const stuck = needed.filter(({ usable }) => usable.length === 0)
  if (stuck.length > 0) return { ok: false, report: stuck.flatMap(cannot) }
  const left = found.filter((one) => !needed.includes(one)).map(() => 'IPv6: no address and no ip6tables, left alone')
  const steps = needed.map(({ family, usable: [best] }): Step => {
    const { saved } = best as Usable
    return { family, usable: best as Usable, text: planApply(saved, settings, family) }
  })
  const result = carryOut(steps, parts.run, { done: 'rules are in force', nothing: 'rules are in force already' })
  return { ...result, report: [...result.report, ...left] }
}

/** From every back end in which something of ours stands. */
export function remove(parts: Parts): Result {
  const families: readonly Family[] = parts.ipv6 ? [4, 6] : [4]
  const found = families.map((family) => ({ family, ...findBackends(family, parts.backend, parts.run) }))
  const stuck = found.filter(({ family, usable }) => usable.length === 0 && (family === 4 || parts.hasIpv6()))
  if (stuck.length > 0) return { ok: false, report: stuck.flatMap(cannot) }
  const steps = found.flatMap(({ family, usable }) =>
    usable.map((one): Step => ({ family, usable: one, text: planRemove(one.saved) })),
  )
  return carryOut(steps, parts.run, { done: 'rules are gone', nothing: 'there are no rules' })
}

interface Step {
  readonly family: Family
  readonly usable: Usable
  readonly text: string
}

function carryOut(steps: readonly Step[], run: RunTool, words: { done: string; nothing: string }): Result {
  const report: string[] = []
  let ok = true
  for (const { family, usable, text } of steps) {
    const { restore } = usable.tools
    const where = `${NAMES[family]} (${restore})`
    if (text === '') {
      report.push(`${where}: ${words.nothing}`)
      continue
    }
    const ran = run(restore, RESTORE_ARGS, text)
    if (ran.status === 0) report.push(`${where}: ${words.done}`)
    else report.push(`${NAMES[family]}: ${failure(restore, ran)}; of this family nothing was changed`)
    ok &&= ran.status === 0
  }
  return { ok, report }
}

function cannot({ family, problems }: { readonly family: Family } & Found): string[] {
  const why = problems.map((problem) => `${NAMES[family]}: ${problem}`)
  if (family === 4) return why
  return [
    ...why,
    'IPv6: there is an address, and without rules its connections would pass by the sidecar; nothing was changed',
  ]
}

const LOOPBACK = /^0{31}1 /

/** From what /proc/net/if_inet6 holds: any address but loopback's, link-local ones too, for neighbours can use them. */
export function hasIpv6Address(interfaces: string): boolean {
  return interfaces.split('\n').some((line) => /^[0-9a-f]{32} /.test(line) && !LOOPBACK.test(line))
}

/** '' where the kernel has no IPv6. */
export function readInterfaces(): string {
  try {
    return readFileSync('/proc/net/if_inet6', 'utf8')
  } catch {
    return ''
  }
}
