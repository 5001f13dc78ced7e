/** Findings as text for people, as JSON, as JUnit for CI. */
import type { Finding, Result, Severity } from './finding.ts'

const SIGNS: Readonly<Record<Severity, string>> = { ok: '√', warning: '‼', error: '×', skipped: '–' }
const GRAVEST: readonly Severity[] = ['error', 'warning', 'skipped', 'ok']

/** Of all findings, the gravest; none is good. */
export function severityOf(findings: readonly Finding[]): Severity {
  return GRAVEST.find((severity) => findings.some((finding) => finding.severity === severity)) ?? 'ok'
}

export function failed(results: readonly Result[]): boolean {
  return results.some(({ findings }) => severityOf(findings) === 'error')
}

export function shortReport(results: readonly Result[]): string {
  const lines = results.flatMap(({ check, findings }) => {
    const severity = severityOf(findings)
    const told = findings.filter((finding) => finding.severity === severity || finding.severity === 'warning')
    const found = told.map(({ subject, message }) => `      ${subject === '' ? '' : `${subject}: `}${message}`)
    const hint = severity === 'error' || severity === 'warning' ? [`      → ${check.hint}`] : []
    return [`${SIGNS[severity]} ${check.code} ${check.title}`, ...found, ...hint]
  })
  const count = (severity: Severity): number =>
    results.filter(({ findings }) => severityOf(findings) === severity).length
  return `${lines.join('\n')}\n\n${count('ok')} good, ${count('warning')} with warnings, ${count('error')} failed, ${count('skipped')} skipped\n`
}

export function jsonReport(results: readonly Result[]): string {
  const checks = results.map(({ check: { code, title, hint }, findings }) => ({
    code,
    title,
    result: severityOf(findings),
    findings,
    hint,
  }))
  return `${JSON.stringify({ ok: !failed(results), checks }, null, 2)}\n`
}

export function junitReport(results: readonly Result[]): string {
  const cases = results.map(({ check, findings }) => {
    const severity = severityOf(findings)
    const said = findings.map(({ subject, message }) => `${subject}: ${message}`).join('\n')
    const inner =
      severity === 'error'
        ? `<failure message="${escaped(check.title)}">${escaped(`${said}\n${check.hint}`)}</failure>`
        : severity === 'skipped'
          ? `<skipped message="${escaped(said)}"/>`
          : `<system-out>${escaped(said)}</system-out>`
    return `  <testcase classname="outrigger.check" name="${escaped(`${check.code} ${check.title}`)}">${inner}</testcase>`
  })
  const counts = `tests="${results.length}" failures="${results.filter(({ findings }) => severityOf(findings) === 'error').length}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="outrigger check" ${counts}>\n${cases.join('\n')}\n</testsuite>\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

function escaped(text: string): string {
  // What XML 1.0 cannot hold at all is left out.
  return text
    .replace(/[<>&"]/g, (sign) => ENTITIES[sign] as string)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
}
