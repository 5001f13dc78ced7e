/** What a document is: its kind and name, and whether it is meant for this version. */
import type { Report } from '../issues.ts'
import type { Place } from '../model.ts'
import { didYouMean, nearest } from '../values/spelling.ts'
import type { TextDocument } from '../yaml/read.ts'
import { describe, entryOf, type MapNode, type Node, shorten } from '../yaml/tree.ts'
import { compareVersions, VERSION_PATTERN } from './versions.ts'

const KINDS = ['Sidecar', 'Service', 'Policy', 'Profile'] as const
export type Kind = (typeof KINDS)[number]

export interface Head {
  readonly kind: Kind
  /** '' where the file does not say it. */
  readonly name: string
  /** Of the name, or of the document where there is none. */
  readonly place: Place
  readonly root: MapNode
  /** `whole`: to be checked and built. `broken`: its text is not YAML. `newer`: for a newer version. */
  readonly state: 'whole' | 'broken' | 'newer'
}

/** undefined: not to be known what it is; that is in `report`. */
export function readHead(document: TextDocument, version: string, report: Report): Head | undefined {
  const { root, whole } = document
  if (root.kind !== 'map') {
    if (whole)
      report.add('E022', root.place, `a document must be a mapping with kind and name, found ${describe(root)}`)
    return undefined
  }
  const newer = whole && isNewer(root, version, report)
  const kind = readKind(root, newer || !whole ? undefined : report)
  if (kind === undefined) return undefined
  const name = entryOf(root, 'name')?.node
  const text = name?.kind === 'scalar' && typeof name.value === 'string' ? name.value : ''
  const state = whole ? (newer ? 'newer' : 'whole') : 'broken'
  return { kind, name: text, place: name?.place ?? root.place, root, state }
}

function readKind(root: MapNode, report: Report | undefined): Kind | undefined {
  const node = entryOf(root, 'kind')?.node
  const must = `kind must be one of ${KINDS.join(', ')}`
  if (node === undefined) {
    const slip = root.entries.find(({ key }) => nearest(key, ['kind']) !== undefined)
    if (slip === undefined) report?.add('E021', root.place, `'kind' is missing in this document: ${must}`)
    else report?.add('E020', slip.place, `unknown key '${shorten(slip.key)}'; did you mean 'kind'? ${must}`)
    return undefined
  }
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined
  const kind = KINDS.find((word) => word === text)
  if (kind === undefined)
    report?.add('E010', node.place, `${must}, found ${describe(node)}${didYouMean(text ?? '', KINDS)}`)
  return kind
}

/** `minVersion: 1.4` is a number to YAML, and 1.10 is not 1.1: the text counts. */
function isNewer(root: MapNode, version: string, report: Report): boolean {
  const node = entryOf(root, 'minVersion')?.node
  if (node === undefined) return false
  const text = versionText(node)
  if (text === undefined) {
    report.add('E012', node.place, `minVersion must be a version such as 1.4, found ${describe(node)}`)
    return false
  }
  if (compareVersions(text, version) <= 0) return false
  const message = `this document is left out: it asks for version ${text} or later, this is ${version}`
  report.add('W012', node.place, message)
  return true
}

function versionText(node: Node): string | undefined {
  if (node.kind !== 'scalar') return undefined
  const text = typeof node.value === 'string' ? node.value : node.source
  return VERSION_PATTERN.test(text) ? text : undefined
}
