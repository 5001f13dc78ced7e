/** `outrigger inject`, `outrigger uninject`: manifests in, manifests out, a line about each object on stderr. */
import type { KubernetesObject } from '../../src/kubernetes/api/object.ts'
import { injectObject, type Outcome } from '../../src/kubernetes/inject/manifests/inject-object.ts'
import { rewrite } from '../../src/kubernetes/inject/manifests/rewrite.ts'
import { uninjectObject } from '../../src/kubernetes/inject/manifests/uninject-object.ts'
import { type ManifestOptions, manifestOptions } from './inject-options.ts'
import { joined, type ManifestFile, readManifests } from './manifest-input.ts'

type Write = (text: string) => void

const FILES = '[-f FILE|FOLDER|-]… [--path spec.template]'
const USAGE = {
  inject: `usage: outrigger inject ${FILES} [--set NAME=VALUE]… [--manual --config PATH [--kubernetes-version 1.N]]`,
  uninject: `usage: outrigger uninject ${FILES}`,
}

/** 0: every object was seen to. 1: something cannot be read, or was refused; then nothing is written. 2: not understood. */
export function inject(args: readonly string[], out?: Write, err?: Write): Promise<number> {
  return transform('inject', args, (object, options) => injectObject(object, options), out, err)
}

export function uninject(args: readonly string[], out?: Write, err?: Write): Promise<number> {
  return transform('uninject', args, (object, { path }) => uninjectObject(object, path), out, err)
}

async function transform(
  command: 'inject' | 'uninject',
  args: readonly string[],
  change: (object: KubernetesObject, options: ManifestOptions) => Outcome,
  out: Write = (text) => process.stdout.write(text),
  err: Write = (text) => process.stderr.write(text),
): Promise<number> {
  let options: ManifestOptions
  try {
    options = manifestOptions(args, command === 'uninject')
  } catch (error) {
    err(`outrigger ${command}: ${(error as Error).message}\n${USAGE[command]}\n`)
    return 2
  }
  let files: ManifestFile[]
  try {
    files = readManifests(options.files)
  } catch (error) {
    err(`outrigger ${command}: ${(error as Error).message}\n`)
    return 1
  }
  let failed = false
  const texts = files.map(({ path, text }) => {
    try {
      return rewrite(text, (object) => {
        const outcome = change(object, options)
        failed ||= outcome.result === 'refused'
        err(reportOf(command, outcome))
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

function reportOf(command: 'inject' | 'uninject', { object, result, why, warnings }: Outcome): string {
  const { namespace, name, generateName } = object.metadata ?? {}
  const place = namespace === undefined ? '' : `${namespace}/`
  const what = `${(object.kind ?? 'object').toLowerCase()} ${place}${name ?? generateName ?? '(no name)'}`
  const said = result === 'injected' ? `${command}ed` : `${result}: ${why}`
  return [`${what}: ${said}`, ...warnings.map((warning) => `${what}: warning: ${warning.replace(/^outrigger: /, '')}`)]
    .map((line) => `${line}\n`)
    .join('')
}
