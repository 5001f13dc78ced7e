/** What a file holds, for whoever reads while requests are served. */
// cold file: at load, at a reload, and for a connection to Redis or to the API server
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/**
 * Throws what `node:fs` throws, and an Error with the code `ENOTREG` of what is no regular file: a pipe or a device may never come
 * to its end, and whoever reads it stands still until then.
 */
export function readRegular(path: string): Buffer {
  // Opening a pipe waits for somebody who writes, unless it is told not to.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const kind = fstatSync(fd)
    // A folder says for itself that it is one.
    if (!kind.isFile() && !kind.isDirectory()) {
      throw Object.assign(new Error(`ENOTREG: '${path}' is a pipe or a device`), { code: 'ENOTREG' })
    }
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}
