/**
 * Refuses what is exported and imported nowhere. A value that only its own file uses needs no export; a type may be exported that
 * its own file uses, for it says what is asked of whoever calls. Tests count as users: what only they import is a door for them.
 */
import { posix } from 'node:path'
import { read, report, type SourceFile } from './files.ts'

const DECLARATION =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(const|let|class|function\*?|interface|type|enum)\s+([\w$]+)/gm
const LIST = /^export\s+(type\s+)?\{([^}]*)\}(?:\s*from\s*['"]([^'"]+)['"])?/gm
const FROM = /^[ \t]*import\b([^'";]*?)\bfrom\s*['"](\.[^'"]+)['"]/gm
const STAR = /^export\s*\*\s*(?:as\s+[\w$]+\s*)?from\s*['"](\.[^'"]+)['"]/gm
/** Of a type or of a value that is loaded late: what is taken from it is looked for in the text. */
const DYNAMIC = /\bimport\s*\(\s*['"](\.[^'"]+)['"]/g

const WORD_ENDS = /[^\w$]+/

interface Export {
  readonly name: string
  readonly isType: boolean
  readonly line: number
}

function exportsOf(text: string): Export[] {
  const found: Export[] = []
  const lineOf = (at: number) => text.slice(0, at).split('\n').length
  for (const { 1: kind, 2: name, index } of text.matchAll(DECLARATION)) {
    found.push({ name: name!, isType: kind === 'interface' || kind === 'type', line: lineOf(index) })
  }
  for (const { 1: type, 2: list, index } of text.matchAll(LIST)) {
    for (const { as, isType } of namesIn(list!)) {
      found.push({ name: as, isType: type !== undefined || isType, line: lineOf(index) })
    }
  }
  return found
}

/** `a, type b, c as d` */
function namesIn(list: string): { name: string; as: string; isType: boolean }[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => {
      const isType = item.startsWith('type ')
      const [name, as = name] = (isType ? item.slice('type '.length) : item).split(/\s+as\s+/)
      return { name: name!.trim(), as: as!.trim(), isType }
    })
}

/** What each file takes from others, `path name`; `path *`: all of it. */
function taken(files: readonly SourceFile[]): Set<string> {
  const uses = new Set<string>()
  for (const { path, text } of files) {
    const target = (specifier: string) => posix.join(posix.dirname(path), specifier)
    const take = (specifier: string, names: Iterable<string>) => {
      for (const name of names) uses.add(`${target(specifier)} ${name}`)
    }
    for (const { 1: clause, 2: specifier } of text.matchAll(FROM)) {
      if (clause!.includes('*')) take(specifier!, wordsOf(text))
      const list = /\{([^}]*)\}/.exec(clause!)?.[1] ?? ''
      take(
        specifier!,
        namesIn(list).map(({ name }) => name),
      )
    }
    for (const { 2: list, 3: specifier } of text.matchAll(LIST)) {
      if (specifier?.startsWith('.'))
        take(
          specifier,
          namesIn(list!).map(({ name }) => name),
        )
    }
    for (const { 1: specifier } of text.matchAll(STAR)) take(specifier!, ['*'])
    for (const { 1: specifier } of text.matchAll(DYNAMIC)) take(specifier!, wordsOf(text))
  }
  return uses
}

function wordsOf(text: string): Set<string> {
  return new Set(text.match(/[\w$]+/g))
}

/** One line per export that nobody imports. */
export function exportProblems(files: readonly SourceFile[]): string[] {
  const uses = taken(files)
  return files.flatMap(({ path, text }) =>
    exportsOf(text)
      .filter(({ name }) => !uses.has(`${path} ${name}`) && !uses.has(`${path} *`))
      .filter(({ name, isType }) => !(isType && text.split(WORD_ENDS).filter((word) => word === name).length > 1))
      .map(({ name, line }) => `${path}:${line}: nobody imports ${name}`),
  )
}

/** What these export is asked for by name: generated.ts loads each file of the folder. */
const BY_NAME = 'scripts/generate/'

if (import.meta.main) {
  const files = read(['cmd', 'src', 'scripts', 'test'], '.ts')
  const problems = exportProblems(files).filter((problem) => !problem.startsWith(BY_NAME))
  report('exports', problems)
}
