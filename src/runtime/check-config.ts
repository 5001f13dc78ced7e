/** The loader of every command: files, the schemas of our policies, and what is wrong between policies, in one report. */
import { type Loaded, type LoadOptions, loadConfig, loadTexts } from '../config/load.ts'
import { BLOCKS } from '../policies/index.ts'
import { findConflicts } from '../routing/conflicts.ts'

export function checkConfig(paths: readonly string[], options: LoadOptions = {}): Loaded {
  return loadConfig(paths, BLOCKS, { conflicts: findConflicts, ...options })
}

/** The same for texts that lie in no folder, as the keys of a ConfigMap do. */
export function checkTexts(texts: Parameters<typeof loadTexts>[0], options: LoadOptions = {}): Loaded {
  return loadTexts(texts, BLOCKS, { conflicts: findConflicts, ...options })
}
