/** `outrigger inject`, `outrigger uninject`: manifests in, manifests out, a line about each object on stderr. */
import type { KubernetesObject } from '../../src/kubernetes/api/object.ts'
import { injectObject, type Outcome } from '../../src/kubernetes/inject/manifests/inject-object.ts'
import { rewrite } from '../../src/kubernetes/inject/manifests/rewrite.ts'
import { uninjectObject } from '../../src/kubernetes/inject/manifests/uninject-object.ts'
import { command, type Io } from '../command-line/command.ts'
import { INJECT, UNINJECT } from '../usage/inject.ts'
import { injectOptions, type ManifestOptions, uninjectOptions } from './inject-options.ts'
import { joined, type ManifestFile, readManifests } from './manifest-input.ts'

type Name = 'inject' | 'uninject'
type Change = (object: KubernetesObject, options: ManifestOptions) => Outcome

export const inject = command(INJECT, injectOptions, (options, io) => transform('inject', options, injectObject, io))

export const uninject = command(UNINJECT, uninjectOptions, (options, io) =>
  transform('uninject', options, (object, { path }) => uninjectObject(object, path), io),
)

function transform(name: Name, options: ManifestOptions, change: Change, { out, err }: Io): number | string {
  let files: ManifestFile[]
  try {
    files = readManifests(options.files)
  } catch (error) {
    return (error as Error).message
  }
  let failed = false
  const texts = files.map(({ path, text }) => {
    try {
      return rewrite(text, (object) => {
        const outcome = change(object, options)
        failed ||= outcome.result === 'refused'
        err(reportOf(name, outcome))
        return outcome.object
      })
    } catch (error) {
      failed = true
      err(`${path === '-' ? 'standard input' : path}: ${(error as Error).message}\n`)
      return ''
    }
  })
  // Half a stream would be applied as if it were whole.
  if (failed) return 1
  out(joined(texts))
  return 0
}

function reportOf(command: Name, { object, result, why, warnings }: Outcome): string {
  const { namespace, name, generateName } = object.metadata ?? {}
  const place = namespace === undefined ? '' : `${namespace}/`
  const what = `${(object.kind ?? 'object').toLowerCase()} ${place}${name ?? generateName ?? '(no name)'}`
  const said = result === 'injected' ? `${command}ed` : `${result}: ${why}`
  return [`${what}: ${said}`, ...warnings.map((warning) => `${what}: warning: ${warning.replace(/^outrigger: /, '')}`)]
    .map((line) => `${line}\n`)
    .join('')
}
