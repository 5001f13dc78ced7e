/** Bundles to measure: of the tree as it lies here, and of any commit. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE } from './peer-file.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

function build(root: string, to: string): string {
  execFileSync(NODE, ['scripts/build.ts'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  mkdirSync(join(to, '..'), { recursive: true })
  const made = join(root, 'dist', 'outrigger.cjs')
  if (made !== to) copyFileSync(made, to)
  return to
}

/** Of the tree, as a copy at `to`: another build meanwhile changes nothing. */
export function buildTree(to: string = join(ROOT, 'dist', 'outrigger.cjs')): string {
  return build(ROOT, to)
}

/** Of a commit, in a worktree of its own below `scratch`, with the packages that are installed here. */
export function buildCommit(ref: string, scratch: string, to: string): string {
  const folder = join(scratch, 'worktree')
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
  const commit = git('rev-parse', '--verify', `${ref}^{commit}`)
  git('worktree', 'add', '--quiet', '--detach', folder, commit)
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir')
    return build(folder, to)
  } finally {
    git('worktree', 'remove', '--force', folder)
  }
}

/** `3f2c1ab Subject`. */
export function describeCommit(ref: string): string {
  return execFileSync('git', ['log', '-1', '--format=%h %s', ref], { cwd: ROOT, encoding: 'utf8' }).trim()
}
