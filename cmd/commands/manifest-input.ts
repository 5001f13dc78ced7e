/** Where manifests come from: files, folders, the standard input. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { whyUnreadable } from '../../src/config/files.ts'

export interface ManifestFile {
  readonly path: string
  readonly text: string
}

/** `-` is the standard input; a folder stands for its manifests in order of name. Throws an Error with a sentence. */
export function readManifests(paths: readonly string[]): ManifestFile[] {
  return paths.flatMap(expand).map((path) => {
    try {
      return { path, text: readFileSync(path === '-' ? 0 : path, 'utf8') }
    } catch (cause) {
      throw new Error(`'${path}' must be a readable file: ${whyUnreadable(cause)}`)
    }
  })
}

function expand(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  return readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(path, name))
}

/** Files one after another are one stream: each begins a document. */
export function joined(texts: readonly string[]): string {
  return texts
    .map((text, index) => {
      const end = index < texts.length - 1 && text !== '' && !text.endsWith('\n') ? '\n' : ''
      return `${index > 0 && !/^---/m.test(text.split('\n')[0] ?? '') ? '---\n' : ''}${text}${end}`
    })
    .join('')
}
