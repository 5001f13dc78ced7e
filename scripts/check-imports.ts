/** Refuses imports that go against the house: rooms, packages outside their fence, and files that import in a circle. */
import { posix } from 'node:path'
import { read, report, type SourceFile } from './files.ts'
import { exceptions, fences, rooms, typesOnly } from './rooms.ts'

interface Import {
  readonly specifier: string
  /** Erased before the program runs. */
  readonly typeOnly: boolean
  readonly line: number
}

const STATEMENT = /^[ \t]*(?:import|export)\b([^'";]*?)\bfrom\s*['"]([^'"\n]+)['"]/gm
const BARE = /^[ \t]*import\s*()['"]([^'"\n]+)['"]/gm
const DYNAMIC = /\bimport\s*()\(\s*['"]([^'"\n]+)['"]/g

export function importsOf(text: string): Import[] {
  return [STATEMENT, BARE, DYNAMIC].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      specifier: match[2]!,
      typeOnly: /^\s*type\b/.test(match[1]!),
      line: text.slice(0, match.index + match[0].length).split('\n').length,
    })),
  )
}

/** The room a file stands in; undefined for tests and scripts, which may import anything of ours. */
export function roomOf(path: string): string | undefined {
  const parts = path.split('/')
  if (parts[0] === 'cmd') return 'cmd'
  if (parts[0] !== 'src') return undefined
  if (parts[1] === 'policies' && parts.length > 3) return `policies/${parts[2]}`
  return parts[1]
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

function excepted(file: string, room: string, target: string, targetRoom: string): boolean {
  return exceptions.some(({ from, to }) => (from === room || from === file) && (to === targetRoom || to === target))
}

function ourProblem(file: string, target: string, typeOnly: boolean): string | undefined {
  const room = roomOf(file)
  if (room === undefined) return undefined
  const targetRoom = roomOf(target)
  if (targetRoom === undefined) return target === 'package.json' ? undefined : `${room} may not import ${target}`
  if (targetRoom === room || excepted(file, room, target, targetRoom)) return undefined
  const allowed = rooms[room] ?? rooms[room.replace(/\/.*/, '/*')]
  if (allowed === undefined) return `${room} is no room of scripts/rooms.ts`
  // `runtime` may import everything but the commands, which stand above it.
  const open = targetRoom !== 'cmd' && allowed.some((pattern) => matches(pattern, targetRoom))
  if (!open) {
    return `${room} may import ${allowed.join(', ') || 'nothing of ours'}, and this is ${targetRoom}`
  }
  if (!typeOnly && typesOnly[room]?.includes(targetRoom)) return `${room} may import only types from ${targetRoom}`
  return undefined
}

function packageProblem(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:') || file.startsWith('test/')) return undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const fence = Object.entries(fences).find(([pattern]) => matches(pattern, name))?.[1]
  if (fence === undefined) return `${name} is no package of scripts/rooms.ts`
  if (fence.some((folder) => file.startsWith(folder))) return undefined
  return `${name} may be imported by ${fence.join(', ') || 'tests'} only`
}

/** One line per import that is not allowed. */
export function importProblems(files: readonly SourceFile[]): string[] {
  const problems: string[] = []
  const edges = new Map<string, string[]>()
  for (const { path, text } of files) {
    const targets: string[] = []
    for (const { specifier, typeOnly, line } of importsOf(text)) {
      const ours = specifier.startsWith('.')
      const target = ours ? posix.join(posix.dirname(path), specifier) : specifier
      const problem = ours ? ourProblem(path, target, typeOnly) : packageProblem(path, specifier)
      if (problem !== undefined) problems.push(`${path}:${line}: ${problem}`)
      if (ours) targets.push(target)
    }
    edges.set(path, targets)
  }
  return [...problems, ...circles(edges)]
}

/**
 * Files that import each other in a circle can only be read together, and of values load in an order nobody can read off the
 * page. Types count: who needs no more of another than what it can do, says so in an interface of its own.
 */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const problems: string[] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (path: string): void => {
    if (done.has(path)) return
    const start = way.indexOf(path)
    if (start >= 0) {
      problems.push(`${path}:1: imports itself through ${[...way.slice(start + 1), path].join(' → ')}`)
      return
    }
    way.push(path)
    for (const target of edges.get(path) ?? []) visit(target)
    way.pop()
    done.add(path)
  }
  for (const path of edges.keys()) visit(path)
  return problems
}

if (import.meta.main) report('imports', importProblems(read(['cmd', 'src', 'scripts', 'test'], '.ts')))
