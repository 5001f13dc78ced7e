/** A stream of manifests, each object handed to somebody who may change it. Documents that nobody changed keep their every byte. */
import { parseDocument } from 'yaml'
import type { KubernetesObject } from '../../api/object.ts'
import { same } from '../patch.ts'
import { chunksOf } from './chunks.ts'
import { keepLines } from './keep-lines.ts'
import { withNulls, withoutNulls } from './nulls.ts'
import { syncDocument } from './sync.ts'

const PARSE = { merge: true, uniqueKeys: true, logLevel: 'silent' } as const

const BYTE_ORDER_MARK = '\ufeff'

/** The object to stand there instead; the very same one: nothing changes. */
export type Change = (object: KubernetesObject) => KubernetesObject

/** Throws an Error with a sentence where a document is no YAML. */
export function rewrite(text: string, change: Change): string {
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : ''
  const chunks = chunksOf(text.slice(mark.length))
  return mark + chunks.map(({ marker, body }) => marker + rewriteOne(body, change)).join('')
}

function rewriteOne(body: string, change: Change): string {
  const json = body.trimStart().startsWith('{') ? asJson(body) : undefined
  if (json !== undefined) {
    const changed = changeAll(json, change)
    if (changed === json) return body
    const document = parseDocument(body, PARSE)
    syncDocument(document, changed)
    return `${JSON.stringify(document.toJS(), null, jsonIndent(body))}${/\n$/.test(body) ? '\n' : ''}`
  }
  // A last line that does not end is as if it did, and does not end afterwards.
  const whole = /\n$|^$/.test(body) ? body : `${body}\n`
  const document = parseDocument(whole, PARSE)
  const [error] = document.errors
  if (error !== undefined) throw new Error(error.message.split('\n')[0])
  const object: unknown = document.toJS({ maxAliasCount: 100 })
  if (object === null || typeof object !== 'object' || Array.isArray(object)) return body
  const changed = changeAll(object as KubernetesObject, change)
  if (changed === object) return body
  const plain = whole.replaceAll('\r\n', '\n')
  const layout = { lineWidth: 0, ...layoutOf(plain) }
  const before = document.toString(layout)
  syncDocument(document, changed)
  const after = document.toString(layout)
  const kept = keepLines(plain, before, after)
  const written = kept !== undefined && says(kept, changed) ? kept : after
  const lines = whole === plain ? written : written.replaceAll('\n', '\r\n')
  return whole === body ? lines : lines.replace(/\r?\n$/, '')
}

/** Lines put together from two texts are believed only once they have been read again. */
function says(text: string, object: unknown): boolean {
  const document = parseDocument(text, PARSE)
  return document.errors.length === 0 && same(withoutNulls(document.toJS()), withoutNulls(object))
}

/** A List's items are objects, too. */
function changeAll(object: KubernetesObject, change: Change): KubernetesObject {
  const { items } = object as { items?: unknown }
  if (!(object.kind ?? '').endsWith('List') || !Array.isArray(items)) return changeOne(object, change)
  const changed = items.map((item: KubernetesObject) => (item === null ? item : changeAll(item, change)))
  return changed.every((item, index) => item === items[index])
    ? object
    : ({ ...object, items: changed } as KubernetesObject)
}

function changeOne(object: KubernetesObject, change: Change): KubernetesObject {
  const bare = withoutNulls(object)
  const changed = change(bare)
  return changed === bare ? object : (withNulls(object, changed) as KubernetesObject)
}

function asJson(text: string): KubernetesObject | undefined {
  try {
    return JSON.parse(text) as KubernetesObject
  } catch {
    return undefined
  }
}

function jsonIndent(text: string): number | string {
  return /^\{\r?\n([ \t]+)"/.exec(text.trimStart())?.[1] ?? 0
}

/** How the document is laid out, so that it stays so. */
function layoutOf(text: string): { indent: number; indentSeq: boolean; flowCollectionPadding: boolean } {
  const nested = /^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*( *)[^\s#-]/m.exec(text)
  const list = /^( *)(?:- )?[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*( *)- /m.exec(text)
  const step = (match: RegExpExecArray | null, otherwise: number): number =>
    match === null ? otherwise : (match[2]?.length ?? 0) - (match[1]?.length ?? 0)
  const stated = step(nested, 2)
  const indent = stated >= 1 && stated <= 8 ? stated : 2
  return {
    indent,
    indentSeq: step(list, indent) >= indent,
    flowCollectionPadding: /[{[] /.test(text),
  }
}
