/** The flags of `inject` and `uninject`. */
import { parseArgs } from 'node:util'
import { formatIssue } from '../../src/config/issues.ts'
import { didYouMean } from '../../src/config/values/spelling.ts'
import { ANNOTATIONS, type AnnotationName } from '../../src/kubernetes/inject/annotations.ts'
import { loadSettings } from '../../src/kubernetes/inject/load-settings.ts'
import type { InjectOptions } from '../../src/kubernetes/inject/manifests/inject-object.ts'

export interface ManifestOptions extends InjectOptions {
  readonly files: readonly string[]
}

/** Minor version that manual injection is for where nobody says it: the oldest that is still kept up. */
const SUPPOSED = '1.33'

/** Throws an Error with a sentence. */
export function manifestOptions(args: readonly string[], inverse: boolean): ManifestOptions {
  const own = {
    manual: { type: 'boolean' },
    set: { type: 'string', multiple: true },
    config: { type: 'string' },
    'kubernetes-version': { type: 'string', default: SUPPOSED },
  } as const
  const common = { filename: { type: 'string', short: 'f', multiple: true }, path: { type: 'string' } } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: inverse ? common : { ...common, ...own },
  }) as { values: Values; positionals: string[] }
  const files = [...(values.filename ?? []), ...positionals]
  const path = values.path?.split('.').filter(Boolean)
  const set = new Map((values.set ?? []).map(setting))
  return {
    files: files.length === 0 ? ['-'] : files,
    set,
    path,
    manual: values.manual === true ? manualOf(values) : undefined,
  }
}

interface Values {
  readonly filename?: string[]
  readonly path?: string
  readonly manual?: boolean
  readonly set?: string[]
  readonly config?: string
  readonly 'kubernetes-version'?: string
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

function manualOf(values: Values): NonNullable<InjectOptions['manual']> {
  if (values.config === undefined) {
    throw new Error(
      '--manual needs --config PATH, the file of the injector, which names the images. From a cluster: ' +
        "kubectl -n NAMESPACE get configmap outrigger-injector-config -o jsonpath='{.data.config\\.yaml}'",
    )
  }
  const { settings, issues } = loadSettings(values.config)
  if (settings === undefined) throw new Error(issues.map(formatIssue).join('\n'))
  const minor = /^v?1\.([0-9]{1,3})(\.|$)/.exec(values['kubernetes-version'] ?? SUPPOSED)?.[1]
  if (minor === undefined)
    throw new Error(`--kubernetes-version must be such as 1.33, found '${values['kubernetes-version']}'`)
  return { settings, server: { minor: Number(minor), oldestKubelet: Number(minor) } }
}
