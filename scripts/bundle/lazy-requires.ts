/**
 * OpenTelemetry's packages load each other when they are loaded: every exporter of every protocol, readers of configuration files,
 * instrumentation. Of all that a sidecar uses one exporter. Here a module is loaded by the first who takes something from it, which
 * is when it would be needed, and what nobody needs is text that was never run.
 */
import { readFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/** How TypeScript writes an import whose names are always read as `name_1.what`. What is written otherwise is left as it is. */
const IMPORT = /^(?:const|var) (\w+_\d+) = (require\("[^"]+"\));$/gm
/** And how a package gives out another one as a namespace. */
const NAMESPACE = /^exports\.(\w+) = (require\("[^"]+"\));$/gm

/** Stands once before all modules. */
export const LAZILY = 'const lazily=load=>new Proxy({},{get:(_,name)=>load()[name]});'

export function lazyRequires(filter: RegExp): Plugin {
  return {
    name: 'lazy-requires',
    setup(build) {
      build.onLoad({ filter }, ({ path }) => ({ contents: lazier(readFileSync(path, 'utf8')), loader: 'js' }))
    },
  }
}

/** The text of a CommonJS module as TypeScript writes it. */
export function lazier(text: string): string {
  return text
    .replace(IMPORT, 'const $1 = lazily(() => $2);')
    .replace(NAMESPACE, 'Object.defineProperty(exports, "$1", { enumerable: true, get: () => $2 });')
}
