/** Text → documents. The only file that knows the yaml package, but for its errors in syntax.ts. */
import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import type { Report } from '../issues.ts'
import type { Place } from '../model.ts'
import { TreeReader } from './read-tree.ts'
import { reportSyntax } from './syntax.ts'
import type { Node } from './tree.ts'

export interface TextDocument {
  /** Of the document's first node. */
  readonly root: Node
  /** False: the text is broken, and what could be read of it is here to know its kind and name by. */
  readonly whole: boolean
}

/** Empty documents are left out. Never throws: whatever the text holds ends in `report`. */
export function readDocuments(file: string, text: string, report: Report): TextDocument[] {
  const start: Place = { file, line: 1, column: 1 }
  try {
    return readAll(file, text, report)
  } catch (cause) {
    // The parser calls itself for every level of nesting, so a few thousand brackets end in a RangeError.
    const why = cause instanceof RangeError ? 'it is nested too deeply' : String(cause)
    report.add('E002', start, `must be YAML, but cannot be read: ${why}`)
    return []
  }
}

function readAll(file: string, text: string, report: Report): TextDocument[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Keys that stand twice are reported by TreeReader, with the place of both.
    uniqueKeys: false,
    version: '1.2',
    merge: false,
    resolveKnownTags: false,
    logLevel: 'silent',
  }) as readonly Document.Parsed[]
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const reader = new TreeReader(text, place, report)
  const found: TextDocument[] = []
  for (const document of documents) {
    const before = report.errors
    reportSyntax(document, text, place, report)
    if (document.contents === null) continue
    const root = reader.read(document, report.errors > before)
    const empty = root.kind === 'scalar' && root.value === null
    if (!empty) found.push({ root, whole: report.errors === before })
  }
  return found
}
