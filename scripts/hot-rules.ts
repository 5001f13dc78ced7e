/** The rules of check-hot-path.ts, one entry each, with what to do instead. */
import type { AnyNode } from 'acorn'

/** A place in a file: a node of its syntax tree and the nodes it stands in, outermost first. */
export interface Step {
  readonly node: AnyNode
  readonly above: readonly AnyNode[]
}

export interface Rule {
  /** What is wrong, or undefined. */
  test(step: Step): string | undefined
  /** Whether a `// cold: reason` comment lifts it. */
  readonly cold: boolean
}

/** Modules whose very use means a stream, an emitter or a context per request. */
const SLOW_MODULES = new Set([
  'node:stream',
  'node:events',
  'node:async_hooks',
  'node:http',
  'node:https',
  'node:http2',
])
const CLOCK_MODULES = new Set(['node:timers', 'node:timers/promises'])

const SLOW_NAMES = new Set([
  'AsyncLocalStorage',
  'EventEmitter',
  'Readable',
  'Writable',
  'Duplex',
  'Transform',
  'PassThrough',
])
const ERRORS = new Set(['Error', 'TypeError', 'RangeError', 'SyntaxError', 'AggregateError'])

const TIMERS = new Set(['setTimeout', 'setInterval'])
const READINGS: Record<string, readonly string[]> = {
  Date: ['now'],
  Math: ['random'],
  // What else `performance` knows, the load of the event loop for instance, is no time of day.
  performance: ['now', 'mark', 'measure', 'timerify'],
  process: ['env', 'hrtime'],
}

export const hotRules: readonly Rule[] = [
  hot(({ node }) => (isFunction(node) && node.async ? 'no async function: answer through a callback' : undefined)),
  hot(({ node }) => (node.type === 'AwaitExpression' ? 'no await: answer through a callback' : undefined)),
  hot(({ node }) =>
    node.type === 'ForOfStatement' && node.await ? 'no for await: answer through a callback' : undefined,
  ),
  hot(({ node }) => (isFunction(node) && node.generator ? 'no generator: use a loop and a field' : undefined)),
  hot(({ node }) =>
    node.type === 'Identifier' && node.name === 'Promise' ? 'no promise: answer through a callback' : undefined,
  ),
  hot(({ node }) => module(node, SLOW_MODULES, 'the hot path knows sockets and callbacks only')),
  hot(({ node }) =>
    node.type === 'Identifier' && SLOW_NAMES.has(node.name) ? `no ${node.name}: use the handlers of core` : undefined,
  ),
  hot(({ node, above }) =>
    (node.type === 'SpreadElement' || node.type === 'RestElement') && above.some(isFunction)
      ? 'no spread or rest in a function: name the arguments'
      : undefined,
  ),
  hot(({ node }) =>
    node.type === 'UnaryExpression' && node.operator === 'delete' ? 'no delete: set undefined' : undefined,
  ),
  hot(({ node }) =>
    node.type === 'NewExpression' && node.callee.type === 'Identifier' && ERRORS.has(node.callee.name)
      ? `no new ${node.callee.name}: a refusal is a ProxyError, which takes no stack`
      : undefined,
  ),
  hot(({ node }) =>
    (node.type === 'Literal' && 'regex' in node && node.regex != null) ||
    (node.type === 'NewExpression' && node.callee.type === 'Identifier' && node.callee.name === 'RegExp')
      ? 'no regular expression: compare char codes'
      : undefined,
  ),
]

export const clockRules: readonly Rule[] = [
  clock(({ node, above }) =>
    node.type === 'Identifier' && TIMERS.has(node.name) && isValue(node, above.at(-1))
      ? `${node.name} only in core/clock.ts: take a Clock`
      : undefined,
  ),
  clock(({ node }) => {
    if (node.type !== 'MemberExpression' || node.property.type !== 'Identifier') return undefined
    const { object } = node
    const global =
      object.type === 'MemberExpression' && isNamed(object.object as AnyNode, 'globalThis') ? object.property : object
    if (global.type !== 'Identifier' || !READINGS[global.name]?.includes(node.property.name)) return undefined
    return `${global.name}.${node.property.name} only in core/clock.ts, core/random.ts and cmd: take it as a parameter`
  }),
  clock(({ node }) =>
    node.type === 'NewExpression' && isNamed(node.callee, 'Date') && node.arguments.length === 0
      ? 'new Date() reads the clock: take a Clock'
      : undefined,
  ),
  clock(({ node }) => module(node, CLOCK_MODULES, 'time is a parameter: take a Clock')),
]

/** A command says how it ended; only one place ends the process, so that everything above it gets to clean up. */
export const exitRule: Rule = clock(({ node }) =>
  node.type === 'MemberExpression' && isNamed(node.object, 'process') && isNamed(node.property, 'exit')
    ? 'process.exit only in cmd/outrigger.ts: return the exit code'
    : undefined,
)

function hot(test: Rule['test']): Rule {
  return { test, cold: true }
}

function clock(test: Rule['test']): Rule {
  return { test, cold: false }
}

function isNamed(node: AnyNode, name: string): boolean {
  return node.type === 'Identifier' && node.name === name
}

function isFunction(node: AnyNode): node is Extract<AnyNode, { async: boolean }> {
  return (
    node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
  )
}

/** Whether a name stands for the global and not for a member, a key or a method of that name. */
function isValue(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (parent === undefined) return true
  if (parent.type === 'MemberExpression') {
    return parent.object === node || parent.computed || isNamed(parent.object as AnyNode, 'globalThis')
  }
  if (parent.type === 'Property') return parent.value === node
  if (parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') return parent.value === node
  return true
}

function module(node: AnyNode, names: ReadonlySet<string>, why: string): string | undefined {
  const source =
    node.type === 'ImportDeclaration' || node.type === 'ImportExpression' || node.type === 'ExportNamedDeclaration'
      ? node.source
      : undefined
  if (source?.type !== 'Literal' || typeof source.value !== 'string' || !names.has(source.value)) return undefined
  return `no ${source.value}: ${why}`
}
