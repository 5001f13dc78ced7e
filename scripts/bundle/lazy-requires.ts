/**
 * OpenTelemetry's SDK loads all that it might be asked for when it is loaded: every exporter of every protocol, readers of
 * configuration files, instrumentation. Of all that a sidecar uses one exporter. Here a module is loaded by the first who takes
 * something from it, which is when it would be needed, and what nobody needs is text that was never run.
 */
import { readFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/** How TypeScript writes an import whose names are always read as `name_1.what`. What is written otherwise is left as it is. */
const IMPORT = /^(?:const|var) (\w+_\d+) = (require\("[^"]+"\));$/gm

export function lazyRequires(filter: RegExp): Plugin {
  return {
    name: 'lazy-requires',
    setup(build) {
      build.onLoad({ filter }, ({ path }) => ({ contents: lazier(readFileSync(path, 'utf8')), loader: 'js' }))
    },
  }
}

/**
 * The text of a CommonJS module as TypeScript writes it: a name becomes a function that is called wherever the name is read. That is
 * for modules that run once: where spans are made and written it would cost four times their price.
 */
export function lazier(text: string): string {
  const names = [...text.matchAll(IMPORT)].flatMap(([, name = '']) => (isReadOnly(name, text) ? [name] : []))
  const lazy = text.replace(IMPORT, (whole, name: string, loading: string) =>
    names.includes(name) ? `const ${name} = () => ${loading};` : whole,
  )
  if (names.length === 0) return lazy
  return lazy.replace(new RegExp(`(new )?\\b(${names.join('|')})((?:\\.\\w+)+)`, 'g'), (_, made, name, path) =>
    made === undefined ? `${name}()${path}` : `new (${name}()${path})`,
  )
}

/** Whether it stands only where something is taken from it. */
function isReadOnly(name: string, text: string): boolean {
  const uses = text.match(new RegExp(`\\b${name}\\b`, 'g')) ?? []
  const reads = text.match(new RegExp(`(?:(?<![.\\w$'"])|(?<=\\.{3}))${name}\\.\\w`, 'g')) ?? []
  return uses.length === reads.length + 1
}
