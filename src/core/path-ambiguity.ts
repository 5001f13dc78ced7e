/**
 * Targets that an application may read another way than we do (architecture.md §9). Where access hangs on a path they are
 * refused, for what we would allow need not be what is then served: `/public/..;/admin` is two things to two servers.
 */
import { normalisePath } from './path.ts'

const SLASH = 0x2f
const DOT = 0x2e
const QUERY = 0x3f
const SEMICOLON = 0x3b
const PERCENT = 0x25

/** Dot segments plain or escaped, repeated slashes, an escaped slash or backslash, a semicolon. The query is not looked at. */
export function isAmbiguous(target: string): boolean {
  // Dots in this segment so far; -1: something else is in it too, or there is none yet.
  let dots = -1
  for (let i = 0; i < target.length; i++) {
    let code = target.charCodeAt(i)
    if (code === QUERY) break
    if (code === SEMICOLON) return true
    if (code === SLASH) {
      if (dots >= 0 && dots <= 2) return true
      dots = 0
      continue
    }
    if (code === PERCENT) {
      const escaped = target.slice(i + 1, i + 3).toLowerCase()
      if (escaped === '2f' || escaped === '5c') return true
      if (escaped === '2e') {
        code = DOT
        i += 2
      }
    }
    dots = code === DOT && dots >= 0 ? dots + 1 : -1
  }
  return dots === 1 || dots === 2
}

/**
 * How else the path of an ambiguous target may be read, as paths: as it stands; with escaped slashes as separators; without
 * what follows a semicolon in each segment; both, in either order. '' stands for a reading that climbs above the root.
 */
export function otherReadings(target: string): string[] {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  const bare = withoutParameters(path)
  const cut = withSeparators(path)
  const separated = [cut, bare, withSeparators(bare), withoutParameters(cut)]
  return [path].concat(separated.map((reading) => normalisePath(reading) ?? ''))
}

function withSeparators(path: string): string {
  return path.replaceAll('%2f', '/').replaceAll('%2F', '/').replaceAll('%5c', '/').replaceAll('%5C', '/')
}

function withoutParameters(path: string): string {
  const segments = path.split('/')
  return segments.map((segment) => segment.split(';', 1)[0]).join('/')
}
