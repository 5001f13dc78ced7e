/**
 * Functions of the C library, by Node's foreign function interface, which is experimental (Node 26.1 and newer). No function of
 * Node's own reaches these.
 */

/** What is used of `node:ffi`; its types are not in ours yet. Numbers of 64 bits are bigints. */
interface ForeignFunctions {
  dlopen(path: null, functions: Readonly<Record<string, Signature>>): { functions: Readonly<Record<string, Foreign>> }
}

export interface Signature {
  readonly arguments: readonly string[]
  readonly return: string
}

export type Foreign = (...given: readonly (bigint | number)[]) => bigint | number

/** undefined where this Node has no such interface, or the C library no such function. */
export function foreign(name: string, signature: Signature): Foreign | undefined {
  try {
    return foreignFunctions().dlopen(null, { [name]: signature }).functions[name]
  } catch {
    return undefined
  }
}

/** Loading it warns of an experiment, on stderr and in every start; whoever reads our log could do nothing about it. */
function foreignFunctions(): ForeignFunctions {
  const warn = process.emitWarning
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:ffi') as unknown as ForeignFunctions
  } finally {
    process.emitWarning = warn
  }
}
