/** What a walk over one document carries along, and how its messages name a place. */
import type { Schema } from '../../core/policy.ts'
import { type Code, Report } from '../issues.ts'
import type { Place } from '../model.ts'
import type { Node } from '../yaml/tree.ts'

/** Where a stated field stands. */
export interface FieldPlace {
  readonly key: Place
  readonly value: Place
}

/** Where the walk is: dotted path below the document, and the place of the key that led here. */
export interface At {
  readonly path: string
  readonly key: Place
}

export type WalkNode = (node: Node, schema: Schema, at: At, context: WalkContext) => unknown

export class WalkContext {
  readonly report: Report
  /** The document in words: `Policy inventory`. */
  readonly subject: string
  /** Every field that the file states, by dotted path. */
  readonly places = new Map<string, FieldPlace>()
  /** The walk itself, for what lies inside. Handed in, so that the files of this folder import one way only. */
  readonly walk: WalkNode

  constructor(report: Report, subject: string, walk: WalkNode) {
    this.report = report
    this.subject = subject
    this.walk = walk
  }

  error(code: Code, place: Place, message: string): undefined {
    this.report.add(code, place, message)
    return undefined
  }

  /** Of the same walk, but what it finds is thrown away unless somebody takes it. */
  trial(): WalkContext {
    return new WalkContext(new Report(), this.subject, this.walk)
  }
}

/** `routes.0.path` → `routes[0].path`; the document itself is named by its kind. */
export function label(at: At): string {
  return at.path === '' ? 'a document' : at.path.replace(/\.([0-9]+)(?=\.|$)/g, '[$1]')
}

export function below(at: At, name: string | number, key: Place): At {
  return { path: at.path === '' ? `${name}` : `${at.path}.${name}`, key }
}
