/**
 * `malloc_trim` of glibc: hands pages back that lie free between those in use. glibc itself only gives up the end of its heap,
 * and one small piece there keeps tens of megabytes. No function of Node's reaches it but its foreign function interface, which
 * is experimental (Node 26.1 and newer): where it is not there, or the C library is another one, nothing is trimmed.
 */

/** What is used of `node:ffi`; its types are not in ours yet. */
interface ForeignFunctions {
  dlopen(
    path: null,
    functions: { malloc_trim: { arguments: ['u64']; return: 'i32' } },
  ): { functions: { malloc_trim(pad: bigint): number } }
}

/** Returns a function that does nothing where there is no `malloc_trim`. */
export function trimmer(): () => void {
  try {
    const { malloc_trim: trim } = foreignFunctions().dlopen(null, {
      malloc_trim: { arguments: ['u64'], return: 'i32' },
    }).functions
    return () => void trim(0n)
  } catch {
    return () => {}
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
