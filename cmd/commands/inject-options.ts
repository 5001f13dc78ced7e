/** The flags of `inject` and `uninject`. */
import { formatIssue } from '../../src/config/issues.ts'
import { type Parsed, parsed, unreadable } from '../../src/config/values/parsed.ts'
import { didYouMean } from '../../src/config/values/spelling.ts'
import { ANNOTATIONS, type AnnotationName } from '../../src/kubernetes/inject/annotations.ts'
import { loadSettings } from '../../src/kubernetes/inject/load-settings.ts'
import type { InjectOptions } from '../../src/kubernetes/inject/manifests/inject-object.ts'
import type { Given } from '../command-line/given.ts'
import type { INJECT, UNINJECT } from '../usage/inject.ts'

export interface ManifestOptions extends InjectOptions {
  readonly files: readonly string[]
}

type Flag = keyof typeof INJECT.flags

/** Throws an Error with a sentence. */
export function injectOptions(given: Given<Flag>): ManifestOptions {
  const set = new Map((given.texts('set') ?? []).map(setting))
  return { ...uninjectOptions(given), set, manual: given.is('manual') ? manualOf(given) : undefined }
}

export function uninjectOptions(given: Given<keyof typeof UNINJECT.flags>): ManifestOptions {
  const files = [...(given.texts('filename') ?? []), ...given.words]
  return {
    files: files.length === 0 ? ['-'] : files,
    set: new Map(),
    path: given.text('path')?.split('.').filter(Boolean),
    manual: undefined,
  }
}

/** An annotation by its short name. */
function setting(text: string): [AnnotationName, string] {
  const cut = text.indexOf('=')
  const [name, value] = [cut < 0 ? text : text.slice(0, cut), cut < 0 ? undefined : text.slice(cut + 1)]
  const names = ANNOTATIONS.map((annotation) => annotation.name)
  const annotation = ANNOTATIONS.find((one) => one.name === name)
  if (annotation === undefined || value === undefined) {
    throw new Error(
      `--set must be NAME=VALUE with one of ${names.join(', ')}, found '${text}'${didYouMean(name, names)}`,
    )
  }
  if (!new RegExp(annotation.pattern).test(value)) {
    throw new Error(`--set ${name} must be ${annotation.expects}, found '${value}'`)
  }
  return [annotation.name, value]
}

function manualOf(given: Given<Flag>): NonNullable<InjectOptions['manual']> {
  const config = given.text('config')
  if (config === undefined) {
    throw new Error(
      '--manual needs --config PATH, the file of the injector, which names the images. From a cluster: ' +
        "kubectl -n NAMESPACE get configmap outrigger-injector-config -o jsonpath='{.data.config\\.yaml}'",
    )
  }
  const { settings, issues } = loadSettings(config)
  if (settings === undefined) throw new Error(issues.map(formatIssue).join('\n'))
  const minor = given.read('kubernetes-version', parseMinor)
  return { settings, server: { minor, oldestKubelet: minor } }
}

function parseMinor(text: string): Parsed<number> {
  const minor = /^v?1\.([0-9]{1,3})(\.|$)/.exec(text)?.[1]
  return minor === undefined ? unreadable('such as 1.33', '') : parsed(Number(minor))
}
