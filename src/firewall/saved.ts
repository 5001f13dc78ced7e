/** What iptables-save says of the table nat. */

/** Rules by chain, as they are spelled there; a chain without rules has an empty list. */
export type Saved = ReadonlyMap<string, readonly string[]>

/** Counters, comments and other tables are left out. */
export function readSaved(text: string): Saved {
  const chains = new Map<string, string[]>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    if (table !== 'nat') continue
    const declared = /^:(\S+)/.exec(line)?.[1]
    if (declared !== undefined && !chains.has(declared)) chains.set(declared, [])
    const rule = /^(?:\[[0-9]+:[0-9]+\] )?(-A (\S+) .*)$/.exec(line.trimEnd())
    if (rule?.[1] === undefined || rule[2] === undefined) continue
    const rules = chains.get(rule[2])
    if (rules === undefined) chains.set(rule[2], [rule[1]])
    else rules.push(rule[1])
  }
  return chains
}
