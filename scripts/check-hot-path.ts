/**
 * Refuses what the hot path must not hold (architecture, "Hot-path rules") and clocks, dice and environment outside their one file.
 *
 * A line that is off the hot path although its file is on it says why: `// cold: runs once per reload`, on the line itself or
 * alone on the line above. A file that is off it as a whole says `// cold file: reason` in one of its first ten lines.
 * The clock rules know no such comment: time is a parameter everywhere.
 */
import { stripTypeScriptTypes } from 'node:module'
import { type Node, parse } from 'acorn'
import { read, report, type SourceFile } from './files.ts'
import { clockRules, exitRule, hotRules, type Rule, type Step } from './hot-rules.ts'

/** Where every request passes. Of a policy it is the layer and the decision; its schema runs at load. */
const HOT = [
  /^src\/(core|http1|http2|server|routing|upstream|telemetry)\//,
  /^src\/policies\/[^/]+\/(layer|decide)[^/]*\.ts$/,
]

/** Beside the requests: what is read at a scrape, and what finds endpoints and probes them. */
const COLD = [/^src\/telemetry\/families\//, /^src\/upstream\/(discovery|health)\//]

/**
 * The files that are the clock, the dice and the way to the environment. `cmd` reads the environment and hands it in; the page
 * runs in a browser, which has a clock of its own.
 */
const CLOCKS = [/^src\/admin\/page\/client\//, /^src\/core\/(clock|random)\.ts$/, /^src\/demo\/time\.ts$/, /^cmd\//]

/** Only the program itself ends its process, and a process of the demo whose parent is gone. */
const EXITS = [/^cmd\/outrigger\.ts$/, /^src\/demo\/lifeline\.ts$/]

export function hotPathProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n')
    const rules: Rule[] = []
    if (isIn(HOT, path) && !isIn(COLD, path) && !lines.slice(0, 10).some(isColdFile)) rules.push(...hotRules)
    if (!isIn(CLOCKS, path)) rules.push(...clockRules)
    if (!isIn(EXITS, path)) rules.push(exitRule)
    return problemsOf(path, text, lines, rules)
  })
}

function isIn(places: readonly RegExp[], path: string): boolean {
  return places.some((place) => place.test(path))
}

function isColdFile(line: string): boolean {
  return /\bcold file: \S/.test(line)
}

function problemsOf(path: string, text: string, lines: readonly string[], rules: readonly Rule[]): string[] {
  const problems: string[] = []
  let program: Node
  try {
    program = parse(stripTypeScriptTypes(text), { ecmaVersion: 'latest', sourceType: 'module', locations: true })
  } catch (error) {
    // A file that is no program is refused as such; the compiler says more of it.
    return [`${path}:1: ${(error as Error).message}`]
  }
  walk(program, [], (step, line) => {
    for (const rule of rules) {
      const message = rule.test(step)
      if (message === undefined || (rule.cold && saysCold(lines, line))) continue
      problems.push(`${path}:${line}: ${message}`)
    }
  })
  return problems
}

/** Whether the line, or a comment alone on the line above, carries `cold:` and a reason. */
function saysCold(lines: readonly string[], line: number): boolean {
  const above = lines[line - 2] ?? ''
  return /\/\/ cold: \S/.test(lines[line - 1]!) || /^\s*\/\/ cold: \S/.test(above)
}

function walk(node: Node, above: readonly Node[], visit: (step: Step, line: number) => void): void {
  visit({ node: node as Step['node'], above: above as Step['above'] }, node.loc!.start.line)
  const way = [...above, node]
  for (const value of Object.values(node) as unknown[]) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof (child as Node | null)?.type === 'string') walk(child as Node, way, visit)
    }
  }
}

if (import.meta.main) report('hot path and clocks', hotPathProblems(read(['cmd', 'src'], '.ts')))
