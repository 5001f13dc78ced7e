/** The explanation for a terminal, 96 columns wide: what matters at night first, the reasons below it. */
import type { BlockReport, Explained, Explanation } from './report.ts'
import { wrapped } from './wrap.ts'

/** Facts that are not called as they are in JSON. */
const NAMES: Readonly<Record<string, string>> = { latency: 'worst case', load: 'added load' }

export function explanationText(explanation: Explanation): string {
  if (!explanation.found) return `${wrapped('', explanation.reason).join('\n')}\n`
  const sections = [
    [...head(explanation), ...facts(explanation)],
    policies(explanation),
    ...explanation.blocks.filter(({ state }) => state === 'stated' || state === 'disabled').map(block),
    gaveWay(explanation),
    defaults(explanation),
    order(explanation),
    warnings(explanation),
  ]
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n')}\n`
}

function head({ direction, service, method, path, port, route, stream, endpoints }: Explained): string[] {
  const to = direction === 'outbound' ? `service ${service}` : `the application of ${service}`
  const where = port === null ? to : `${to} on port ${port}`
  const kind = stream === null ? '' : stream ? ', a stream' : ', no stream'
  const name = route === '*' ? '* (no path pattern is met)' : route
  return [
    ...wrapped('', `${method} ${path}, ${direction} to ${where}`),
    ...wrapped('  route       ', `${name}${kind}`),
    ...wrapped('  endpoints   ', endpoints),
  ]
}

function facts(explanation: Explained): string[] {
  return explanation.facts.flatMap(({ name, text, mode }) => {
    const said = mode === 'shadow' ? `if it were not in shadow mode: ${text}` : text
    return wrapped(`  ${(NAMES[name] ?? name).padEnd(11)} `, said)
  })
}

function policies({ met, missed }: Explained): string[] {
  const name = ({ policy }: { policy: string }) => policy.length
  const width = Math.max(0, ...[...met, ...missed].map(name)) + 2
  const lines = met.length === 0 ? ['No policy is met; the defaults hold.'] : ['Policies met, the most specific first:']
  for (const { policy, match, place } of met) lines.push(...wrapped(`  ${policy.padEnd(width)}`, match, place))
  if (missed.length > 0) lines.push('', 'Policies not met:')
  for (const { policy, match, place, because } of missed) {
    lines.push(...wrapped(`  ${policy.padEnd(width)}`, `${match}: but ${because}`, place))
  }
  return lines
}

function block({ block, state, mode, policy, profile, place, over, values }: BlockReport): string[] {
  const whose = profile === '' ? policy : `${policy} (profile ${profile})`
  const from = mode === 'shadow' ? `${whose}, in shadow mode` : whose
  const lines = wrapped(`${block}  `, state === 'disabled' ? `taken away by ${from}` : `from ${from}`, place)
  for (const other of over) {
    lines.push(...wrapped('  ', `beats ${other.policy}, because it ${other.because}`, other.place))
  }
  const width = Math.max(0, ...values.map(({ field }) => field.length)) + 2
  for (const { field, value, from } of values) lines.push(...wrapped(`  ${field.padEnd(width)}`, value, from))
  return lines
}

function gaveWay({ gaveWay }: Explained): string[] {
  if (gaveWay === null) return []
  const { block, policy, place, to } = gaveWay
  return wrapped(`${block}  `, `of ${policy}: given way to ${to.block} of policy ${to.policy} at ${to.place}`, place)
}

/** What nobody states, in few words. */
function defaults({ blocks, gaveWay }: Explained): string[] {
  const byDefault = blocks.filter(({ block, state }) => state === 'default' && block !== gaveWay?.block)
  const lines = byDefault.flatMap(({ block, values }) => {
    const said = values.map(({ field, value }) => `${field} ${value}`).join('; ')
    return wrapped(`${block}  `, block === 'retry' ? 'stated by nobody: max 0' : `stated by nobody: ${said}`)
  })
  const watching = new Set(blocks.filter(({ mode }) => mode === 'shadow').map(({ block }) => block))
  const none = blocks
    .filter(({ block, state }) => state === 'none' && block !== gaveWay?.block && !watching.has(block))
    .map(({ block }) => block)
  if (none.length > 0) lines.push(...wrapped('', `${none.join(', ')}  stated by nobody: none`))
  return lines
}

function order({ order }: Explained): string[] {
  const steps = order.filter(({ atWork }) => atWork).map(({ step, shadow }) => (shadow ? `${step} (shadow)` : step))
  return wrapped('Order  ', steps.join(' → '))
}

function warnings({ warnings }: Explained): string[] {
  return warnings.flatMap(({ code, message, place }) => wrapped(`${code}  `, message, place))
}
