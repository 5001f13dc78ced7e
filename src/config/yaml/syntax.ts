/** The yaml package's errors, as problems of ours with the text that stands there and the likely remedy. */
import type { Document, YAMLParseError } from 'yaml'
import type { Report } from '../issues.ts'
import type { Place } from '../model.ts'
import { shorten } from './tree.ts'

const BARE_IPV6 = /(?:^|[\s,{[])(\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]:[0-9]+)/

export function reportSyntax(
  document: Document.Parsed,
  text: string,
  place: (offset: number) => Place,
  report: Report,
): void {
  if (document.directives?.yaml.version === '1.1') {
    report.add('E007', place(0), 'must be YAML 1.2, found a %YAML 1.1 directive: leave it out')
  }
  const reported = new Set<number>()
  for (const error of document.errors) {
    const at = place(error.pos[0])
    // One slip makes several errors on its line; the first one says it.
    if (reported.has(at.line)) continue
    reported.add(at.line)
    reportOne(error, lineAt(text, error.pos[0]), at, report)
  }
}

function reportOne(error: YAMLParseError, line: string, at: Place, report: Report): void {
  const ipv6 = BARE_IPV6.exec(line)
  if (ipv6 !== null) {
    const address = ipv6[1] ?? ''
    const column = line.indexOf(address) + 1
    report.add('E027', { ...at, column }, `an IPv6 address must be quoted, YAML reads a list: write "${address}"`)
    return
  }
  // The parser calls itself for every level, and gives the end of the stack as an error like any other.
  const text = error.message.includes('call stack') ? 'it is nested too deeply' : error.message
  const message = text.charAt(0).toLowerCase() + text.slice(1)
  report.add('E002', at, `must be YAML: ${message}; the line is '${shorten(line.trim())}'${remedy(error, line)}`)
}

function remedy(error: YAMLParseError, line: string): string {
  if (error.code === 'BAD_ALIAS' && /\*/.test(line)) return '; quote a star: "*"'
  if (error.code === 'BAD_SCALAR_START') return '; quote text that starts with this character'
  if (error.code === 'TAB_AS_INDENT') return '; indent with spaces'
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') return '; quote text that holds a colon and a blank'
  if (/\/[^\s"']*[{}]/.test(line)) return '; quote a pattern with braces'
  return ''
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = text.indexOf('\n', offset)
  return text.slice(start, end < start ? undefined : end)
}
