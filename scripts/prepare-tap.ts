/**
 * Builds tap's test class when it is not the one package.json asks for.
 *
 * tap comes with its TypeScript plugin built in, which does not know TypeScript 7. Asked for another set of plugins, tap
 * rebuilds itself, but only after it has read the old set, so the first run of a fresh clone would fail. This runs before it.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Names of the plugins that `built` (the source of tap's test class) loads although the project has switched them off. */
export function unwanted(built: string, plugins: readonly string[]): string[] {
  return plugins
    .filter((plugin) => plugin.startsWith('!'))
    .map((plugin) => plugin.slice(1))
    .filter((plugin) => new RegExp(`from ["']${plugin}["']`).test(built))
}

if (import.meta.main) {
  const { tap } = JSON.parse(readFileSync('package.json', 'utf8')) as { tap: { plugin: string[] } }
  const built = readFileSync('node_modules/@tapjs/test/test-built/dist/esm/index.js', 'utf8')
  if (unwanted(built, tap.plugin).length > 0) execFileSync('tap', ['build'], { stdio: 'inherit' })
}
