/** Paths of the command line → files with their text. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readRegular } from '../core/regular-file.ts'
import type { Report } from './issues.ts'
import type { Place } from './model.ts'

export interface SourceFile {
  /** As it was given, or the folder as given and the file's name. */
  readonly path: string
  readonly bytes: Buffer
  readonly text: string
}

export interface SourceFiles {
  readonly files: readonly SourceFile[]
  /** Their paths, and those that cannot be read, as the report shall name them. */
  readonly order: readonly string[]
}

/**
 * A folder stands for its `*.yaml` and `*.yml` in order of name; `.names` are skipped, a ConfigMap's `..data` too.
 *
 * A pipe, a terminal or another device may never come to its end, and whoever reads it stands still until then. So it is read
 * where it is named itself (`validate <(helm template …)`) and `mayWait` is true, which it is not while requests are served.
 */
export function readFiles(paths: readonly string[], report: Report, mayWait = true): SourceFiles {
  const seen = new Set<string>()
  const files: SourceFile[] = []
  const order: string[] = []
  const named = mayWait ? new Set(paths) : new Set<string>()
  for (const path of paths.flatMap((given) => expand(given, report))) {
    // A file that is named beside its folder is meant once.
    const absolute = resolve(path)
    if (seen.has(absolute)) continue
    seen.add(absolute)
    order.push(path)
    const file = readOne(path, report, named.has(path))
    if (file !== undefined) files.push(file)
  }
  return { files, order }
}

function expand(path: string, report: Report): string[] {
  try {
    // What is not there is left to the reader to say, in its turn.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
    const names = readdirSync(path).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'))
    return names
      .sort()
      .map((name) => join(path, name))
      .filter((file) => !isFolder(file))
  } catch (cause) {
    report.add('E001', start(path), unreadable(path, cause))
    return []
  }
}

function isFolder(path: string): boolean {
  // A link to nowhere is a file that cannot be read, and is reported as one.
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function readOne(path: string, report: Report, mayWait: boolean): SourceFile | undefined {
  try {
    const bytes = mayWait ? readFileSync(path) : readRegular(path)
    return { path, bytes, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (cause) {
    report.add('E001', start(path), unreadable(path, cause))
    return undefined
  }
}

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENOTREG: 'it is a pipe or a device',
  ENXIO: 'it is a socket',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8',
}

function unreadable(path: string, cause: unknown): string {
  return `'${path}' must be a readable file or folder: ${whyUnreadable(cause)}`
}

/** What `node:fs` or `readRegular` threw, in words. */
export function whyUnreadable(cause: unknown): string {
  const code = (cause as { code?: string }).code ?? ''
  return SENTENCES[code] ?? code
}

function start(file: string): Place {
  return { file, line: 1, column: 1 }
}
