/**
 * No orphans. A child of the demo reads its standard input, which nobody writes to; when it ends, the parent is gone,
 * however it went (also by SIGKILL), and the child goes too. Ctrl-C reaches the whole process group: a child leaves it to
 * the parent, which ends everything in order.
 */
export function dieWithParent(): void {
  const leave = (): void => process.exit(0)
  process.stdin.on('end', leave)
  process.stdin.on('close', leave)
  process.stdin.on('error', leave)
  process.stdin.resume()
  process.on('SIGINT', () => {})
}
