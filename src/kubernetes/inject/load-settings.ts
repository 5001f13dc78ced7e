/** Text → Settings: the reader and the checks of our policy files, with a schema of its own. */
import { readFiles } from '../../config/files.ts'
import { inFileOrder, Report } from '../../config/issues.ts'
import type { Issue } from '../../config/model.ts'
import type { Parsed } from '../../config/values/parsed.ts'
import { parseCidr } from '../../config/values/address.ts'
import { parsePorts } from '../../config/values/ports.ts'
import type { WalkContext } from '../../config/walk/context.ts'
import { newWalk } from '../../config/walk/walk.ts'
import { readDocuments } from '../../config/yaml/read.ts'
import { SETTINGS } from './schema.ts'
import type { Settings } from './settings.ts'

export interface LoadedSettings {
  /** undefined where an issue is an error. */
  readonly settings: Settings | undefined
  readonly issues: readonly Issue[]
}

export function loadSettings(path: string): LoadedSettings {
  const report = new Report()
  const [file] = readFiles([path], report).files
  return file === undefined
    ? { settings: undefined, issues: report.issues }
    : readSettings(file.text, file.path, report)
}

export function readSettings(text: string, path = 'config.yaml', report = new Report()): LoadedSettings {
  const [document, another] = readDocuments(path, text, report)
  if (report.errors === 0 && (document === undefined || another !== undefined)) {
    const place = another?.root.place ?? { file: path, line: 1, column: 1 }
    report.add('E022', place, `an injector's file must hold one document, found ${another ? 'a second' : 'none'}`)
  }
  if (report.errors > 0 || document === undefined) return failed(report, path)
  const context = newWalk(report, 'Injector')
  const value = context.walk(document.root, SETTINGS, { path: '', key: document.root.place }, context) as Settings
  if (report.errors > 0) return failed(report, path)
  if (value.interception === 'redirect' && value.images.init === undefined) {
    const place = context.places.get('images')?.key ?? document.root.place
    report.add('E021', place, "images.init must name an image where interception is 'redirect'; none is named")
  }
  checkLists(value, context)
  if (report.errors > 0) return failed(report, path)
  return { settings: complete(value), issues: report.issues }
}

/** What fits its pattern and cannot be read in the pods: there it would be containers that start again and again. */
function checkLists({ proxy }: Settings, context: WalkContext): void {
  const lists: readonly (readonly [name: keyof Settings['proxy'], parse: (text: string) => Parsed<unknown>])[] = [
    ['skipInboundPorts', parsePorts],
    ['skipOutboundPorts', parsePorts],
    ['opaquePorts', parsePorts],
    ['skipOutboundCidrs', parseCidr],
  ]
  for (const [name, parse] of lists) {
    for (const [index, item] of (proxy[name] as readonly (string | number)[]).entries()) {
      const read = parse(String(item))
      const place = context.places.get(`proxy.${name}.${index}`)?.value
      if (read.ok || place === undefined) continue
      const proposal = read.proposal === '' ? '' : `: ${read.proposal}`
      context.error('E024', place, `proxy.${name}[${index}] must be ${read.must}, found '${item}'${proposal}`)
    }
  }
}

/** Ports are text from here on, whether they were written as numbers or as ranges. */
function complete(value: Settings): Settings {
  const { proxy, images } = value
  return {
    ...value,
    images: { ...images, init: images.init ?? '' },
    proxy: {
      ...proxy,
      skipInboundPorts: proxy.skipInboundPorts.map(String),
      skipOutboundPorts: proxy.skipOutboundPorts.map(String),
      opaquePorts: proxy.opaquePorts.map(String),
    },
  }
}

function failed(report: Report, path: string): LoadedSettings {
  return { settings: undefined, issues: inFileOrder(report.issues, [path]) }
}
