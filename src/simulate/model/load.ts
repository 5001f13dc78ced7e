/** Text → Model: the reader and the checks of our policy files, with a schema of its own. */
import { fields } from '../../config/build/document.ts'
import { readFiles } from '../../config/files.ts'
import { inFileOrder, Report } from '../../config/issues.ts'
import type { Issue, Place } from '../../config/model.ts'
import { newWalk } from '../../config/walk/walk.ts'
import { readDocuments } from '../../config/yaml/read.ts'
import { buildModel } from './build.ts'
import type { KnownServices } from './known.ts'
import type { Model } from './model.ts'
import { MODEL } from './schema.ts'

export interface LoadedModel {
  /** undefined where an issue is an error. */
  readonly model: Model | undefined
  readonly issues: readonly Issue[]
}

/** `services`: those of the policies, so that one the model alone knows is reported. */
export function loadModel(path: string, services: KnownServices): LoadedModel {
  const report = new Report()
  const { files } = readFiles([path], report)
  const file = files[0]
  return file === undefined
    ? { model: undefined, issues: report.issues }
    : readModel(file.path, file.text, services, report)
}

export function readModel(path: string, text: string, services: KnownServices, report = new Report()): LoadedModel {
  const failed = (): LoadedModel => ({ model: undefined, issues: inFileOrder(report.issues, [path]) })
  const [document, another] = readDocuments(path, text, report)
  const start: Place = { file: path, line: 1, column: 1 }
  if (report.errors > 0) return failed()
  if (document === undefined || another !== undefined) {
    const place = another?.root.place ?? start
    report.add(
      'E022',
      place,
      `a model file must hold one document, kind: Model, found ${another ? 'a second' : 'none'}`,
    )
    return failed()
  }
  const context = newWalk(report, 'Model')
  const value = context.walk(document.root, MODEL, { path: '', key: document.root.place }, context)
  if (report.errors > 0) return failed()
  const at = (name: string): Place => context.places.get(name)?.value ?? document.root.place
  const model = buildModel(fields(value), services, (code, name, message) => report.add(code, at(name), message))
  return report.errors > 0 ? failed() : { model, issues: report.issues }
}
