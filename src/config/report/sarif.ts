/** Issues as SARIF 2.1.0 (OASIS), which code hosts show at the line. */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Code, PROBLEMS } from '../issues.ts'
import type { Issue } from '../model.ts'
import { OWN_VERSION } from '../version.ts'

export function toSarif(issues: readonly Issue[]): string {
  const codes = [...new Set(issues.map((issue) => issue.code))].sort()
  const driver = {
    name: 'outrigger',
    version: OWN_VERSION,
    rules: codes.map(rule),
  }
  const results = issues.map((issue) => ({
    ruleId: issue.code,
    ruleIndex: codes.indexOf(issue.code),
    level: issue.severity,
    message: { text: issue.message },
    locations: [{ physicalLocation: location(issue) }],
  }))
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

/** `help` instead of `helpUri`: the page that explains it goes with the program, not with one address. */
function rule(code: string): object {
  return {
    id: code,
    shortDescription: { text: PROBLEMS[code as Code] ?? code },
    help: { text: `What it means and what to write: docs/problems.md, ${code}.` },
    defaultConfiguration: { level: code.startsWith('E') ? 'error' : 'warning' },
  }
}

function location({ place }: Issue): object {
  return {
    artifactLocation: { uri: uriOf(place.file) },
    region: { startLine: place.line, startColumn: place.column },
  }
}

/** SARIF §3.10: a URI, so a path from here on with everything escaped that a URI does not hold. */
function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href
  const relative = file.replace(/^(\.\/+)+/, '')
  return relative.split('/').map(encodeURIComponent).join('/')
}
