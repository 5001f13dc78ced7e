/**
 * Files that are made from source and kept in the tree, so that a reader and an editor find them without building.
 * Each is made by one script of `scripts/generate/`, which exports the file's `path` and its `text()`. Without an argument
 * this refuses files that are out of date; with `--write` it writes them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { list, report } from './files.ts'

export interface Generated {
  /** From the root of the tree. */
  readonly path: string
  text(): string | Promise<string>
}

export async function generatedProblems(files: readonly Generated[]): Promise<string[]> {
  const problems: string[] = []
  for (const file of files) {
    const now = existsSync(file.path) ? readFileSync(file.path, 'utf8') : undefined
    if (now !== (await file.text())) problems.push(`${file.path}:1: is out of date: npm run fix`)
  }
  return problems
}

if (import.meta.main) {
  const scripts = list(['scripts/generate'], '.ts')
  const files = await Promise.all(
    scripts.map((path) => import(pathToFileURL(resolve(path)).href) as Promise<Generated>),
  )
  if (process.argv.includes('--write')) {
    for (const file of files) writeFileSync(file.path, await file.text())
  }
  report('generated files', await generatedProblems(files))
}
