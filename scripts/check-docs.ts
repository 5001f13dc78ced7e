/** Refuses links and paths of our documents that lead nowhere, policies without their four files, their page or a row for each file, and traces of one machine. */
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { BLOCKS } from '../src/policies/index.ts'
import { list, read, report, type SourceFile } from './files.ts'
import { metricProblems, pageProblems } from './policy-pages.ts'

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g
const POLICY_FILES = ['policy.ts', 'decide.ts', 'layer.ts', 'README.md']

/** Folders that stand on the machine of whoever wrote the line. `/tmp` in a policy of a reader's own may be right. */
const MACHINE = /(?:^|[^\w.~-])\/(?:work|root|home|Users)\/[\w.-]/

/** `known` tells whether a path of the tree exists. */
export function linkProblems(files: readonly SourceFile[], known: (path: string) => boolean): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) =>
      [...line.matchAll(LINK)]
        .map((match) => match[1]!.replace(/#.*/, ''))
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .filter((target) => !known(posix.join(posix.dirname(path), target)))
        .map((target) => `${path}:${index + 1}: leads to ${target}, which does not exist`),
    ),
  )
}

/** A path in backticks, from the root of the tree. */
const PATH = /`((?:src|cmd|test|scripts|charts|policies|docs)\/[\w./-]+)`/g

export function pathProblems(files: readonly SourceFile[], known: (path: string) => boolean): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        [...line.matchAll(PATH)]
          .filter((match) => !known(match[1]!))
          .map((match) => `${path}:${index + 1}: names ${match[1]}, which does not exist`),
      ),
  )
}

/** Same kind, same file names: know one policy, know all. */
export function policyProblems(paths: readonly string[]): string[] {
  const folders = new Set(paths.flatMap((path) => /^src\/policies\/[^/]+(?=\/)/.exec(path)?.[0] ?? []))
  return [...folders].flatMap((folder) =>
    POLICY_FILES.filter((name) => !paths.includes(`${folder}/${name}`)).map((name) => `${folder}:1: has no ${name}`),
  )
}

/** The table of a policy's README names each file of its folder. `text` gives a file's text. */
export function readmeProblems(paths: readonly string[], text: (path: string) => string): string[] {
  const sources = paths.filter((path) => /^src\/policies\/[^/]+\/[^/]+\.ts$/.test(path))
  return sources.flatMap((path) => {
    const readme = `${posix.dirname(path)}/README.md`
    const name = `\`${posix.basename(path)}\``
    return paths.includes(readme) && !text(readme).includes(name) ? [`${readme}:1: does not name ${name}`] : []
  })
}

export function machineProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (MACHINE.test(line) ? [`${path}:${index + 1}: names a folder of one machine`] : [])),
  )
}

if (import.meta.main) {
  const paths = list(['.'], '').filter((path) => path !== 'package-lock.json')
  const texts = paths
    .filter((path) => /\.(?:ts|md|ya?ml|json|sh)$|^\.ci\/|^Dockerfile$/.test(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
  report('docs', [
    ...linkProblems(read(['.'], '.md'), existsSync),
    // Decisions and the changelog tell what was.
    ...pathProblems(
      read(['.'], '.md').filter(({ path }) => path !== 'CHANGELOG.md' && !path.startsWith('docs/decisions/')),
      existsSync,
    ),
    ...policyProblems(paths),
    ...readmeProblems(paths, (path) => readFileSync(path, 'utf8')),
    ...pageProblems(BLOCKS, (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)),
    ...metricProblems(
      read(['.'], '.md').filter(({ path }) => path !== 'CHANGELOG.md'),
      read(['src'], '.ts'),
    ),
    ...machineProblems(texts.filter(({ path }) => path !== 'test/scripts/check-docs.test.ts')),
  ])
}
