/** What the checks look at: the files of the tree that git knows or would add. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

export interface SourceFile {
  /** From the root of the tree, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Paths of every file below `roots` whose name ends in `ext`; ignored and deleted files are left out. */
export function list(roots: readonly string[], ext: string): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...roots]
  const paths = execFileSync('git', args, { encoding: 'utf8' }).split('\0')
  return [...new Set(paths)].filter((path) => path.endsWith(ext) && existsSync(path)).sort()
}

export function read(roots: readonly string[], ext: string): SourceFile[] {
  return list(roots, ext).map((path) => ({ path, text: readFileSync(path, 'utf8') }))
}

/** Prints `file:line: message` for each problem and sets the exit code. */
export function report(name: string, problems: readonly string[]): void {
  for (const problem of problems) console.error(problem)
  console.log(`${name}: ${problems.length === 0 ? 'ok' : `${problems.length} problems`}`)
  if (problems.length > 0) process.exitCode = 1
}
