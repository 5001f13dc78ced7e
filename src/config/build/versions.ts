/** Versions, `1.4` or `1.4.2`. */

export const VERSION_PATTERN = /^[0-9]{1,9}(\.[0-9]{1,9}){0,2}$/

/** Below, at or above 0 as `a` is older than, the same as or newer than `b`. What stands behind a hyphen is not looked at. */
export function compareVersions(a: string, b: string): number {
  const left = parts(a)
  const right = parts(b)
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function parts(version: string): number[] {
  const numbers = (version.split('-')[0] ?? '').split('.').map(Number)
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0]
}
