/** The names of a mapping of header fields, which the operator chose. */
import { FIELD_NAME } from '../schema/common.ts'
import { type Parsed, parsed, unreadable } from '../values/parsed.ts'
import { type Fields, fields, type WalkedDocument } from './document.ts'

/** `path`: of what has the `headers`. Reports what is no name, and a name that stands twice: case makes no difference. */
export function checkHeaderNames(document: WalkedDocument, path: string, { headers }: Fields): void {
  const seen = new Set<string>()
  for (const name of Object.keys(fields(headers))) {
    const header = document.readKey(`${path}.headers.${name}`, name, parseFieldName)
    if (header === undefined) continue
    if (seen.has(header)) {
      const message = `a header stands once, '${header}' does twice: case makes no difference`
      document.error('E003', document.keyPlace(`${path}.headers.${name}`), message)
    }
    seen.add(header)
  }
}

function parseFieldName(text: string): Parsed<string> {
  return new RegExp(FIELD_NAME.pattern ?? '').test(text)
    ? parsed(text.toLowerCase())
    : unreadable(FIELD_NAME.expects ?? '', '')
}
