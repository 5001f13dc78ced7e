/**
 * From what is there and what shall be to the text for `iptables-restore --noflush`: one transaction of the table nat, so
 * that no state between is ever seen, and no rule of anybody else is touched.
 */
import { CHAINS, JUMPS, rulesOf } from './rules.ts'
import type { Saved } from './saved.ts'
import type { Family, FirewallSettings } from './settings.ts'

/** '' where all is as it shall be. */
export function planApply(saved: Saved, settings: FirewallSettings, family: Family): string {
  const wanted = rulesOf(settings, family)
  const lines: string[] = []
  for (const chain of CHAINS) {
    const rules = wanted[chain] ?? []
    const jumps = jumpsTo(saved, chain)
    if (rules.length === 0) lines.push(...removal(saved, chain))
    else {
      // Declaring a chain that is there empties it, and it alone.
      if (!sameRules(saved.get(chain), rules)) lines.push(`:${chain} - [0:0]`, ...rules)
      if (jumps.length !== 1 || jumps[0] !== JUMPS[chain]) {
        lines.push(...jumps.map(deletion), JUMPS[chain] as string)
      }
    }
  }
  return transaction(lines)
}

/** Takes away what `planApply` made, and nothing else; '' where nothing is there. */
export function planRemove(saved: Saved): string {
  return transaction(CHAINS.flatMap((chain) => removal(saved, chain)))
}

/** Whether a chain of ours stands there, or a way into one. */
export function isOurs(saved: Saved): boolean {
  return CHAINS.some((chain) => removal(saved, chain).length > 0)
}

function removal(saved: Saved, chain: string): string[] {
  const jumps = jumpsTo(saved, chain).map(deletion)
  return saved.has(chain) ? [...jumps, `-F ${chain}`, `-X ${chain}`] : jumps
}

/** All ways into the chain, whoever made them: a chain that is entered cannot be taken away. */
function jumpsTo(saved: Saved, chain: string): string[] {
  return [...saved.values()].flat().filter((rule) => rule.endsWith(` -j ${chain}`))
}

function deletion(rule: string): string {
  return `-D${rule.slice(2)}`
}

function sameRules(are: readonly string[] | undefined, shall: readonly string[]): boolean {
  return are !== undefined && are.length === shall.length && shall.every((rule, index) => are[index] === rule)
}

/** Declarations stand before the rules of all chains. */
function transaction(lines: readonly string[]): string {
  if (lines.length === 0) return ''
  const isDeclaration = (line: string) => line.startsWith(':')
  const ordered = [...lines.filter(isDeclaration), ...lines.filter((line) => !isDeclaration(line))]
  return `*nat\n${ordered.join('\n')}\nCOMMIT\n`
}
