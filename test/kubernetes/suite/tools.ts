/** Where the tools are that start a real Kubernetes, and the programs they need. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CACHE = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')

/** The folder with `up.sh`, `node-up.sh` and their kind. */
export const kubeTools =
  process.env['OUTRIGGER_KUBE_TOOLS'] ?? fileURLToPath(new URL('../../../../shared/tools/kube', import.meta.url))

/** What `build.sh` of those tools has built. */
export const kubeBinaries = join(process.env['OUTRIGGER_KUBE'] ?? join(CACHE, 'outrigger-kube'), 'bin')

/** A program that is on PATH, or that `get-suites.sh` of the tools has built. */
export function program(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(CACHE, 'outrigger-suites', 'bin')]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** The first thing that is missing for a suite that starts clusters by `script`. */
export function missing(script: string, binaries: readonly string[], programs: readonly string[]): string | undefined {
  if (!existsSync(join(kubeTools, script))) {
    return `there is no ${script} in ../shared/tools/kube beside this project, nor where OUTRIGGER_KUBE_TOOLS says`
  }
  const binary = binaries.find((name) => !existsSync(join(kubeBinaries, name)))
  if (binary !== undefined) return `build.sh of the tools has not built ${binary}`
  const wanting = programs.find((name) => program(name) === undefined)
  if (wanting !== undefined) return `${wanting} is neither on PATH nor built by get-suites.sh`
  if (process.getuid?.() !== 0) return 'it needs root'
  return undefined
}
