/**
 * Puts the files of the page into the bundle as one compressed string, in the place of `src/admin/page/files.ts`, which reads them
 * from the sources: the bundle stands alone, and a browser that asks for the page is what unpacks them.
 */
import { brotliCompressSync } from 'node:zlib'
import type { Plugin } from 'esbuild'
import { pageFiles } from '../../src/admin/page/files.ts'

/** `inputs` is told what went in from others, for the licences. */
export function packedPage(inputs: (paths: string[]) => void): Plugin {
  return {
    name: 'packed-page',
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]admin[\\/]page[\\/]files\.ts$/ }, () => {
        inputs(['node_modules/uplot/dist/uPlot.iife.min.js'])
        const packed = brotliCompressSync(JSON.stringify(pageFiles())).toString('base64')
        return { contents: unpacker(packed), loader: 'js' }
      })
    },
  }
}

function unpacker(packed: string): string {
  return `
    import { brotliDecompressSync } from 'node:zlib'
    export function pageFiles() {
      return JSON.parse(brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString())
    }`
}
