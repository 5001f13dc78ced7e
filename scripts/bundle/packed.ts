/**
 * Packs the OpenTelemetry packages into the bundle as one compressed string, unpacked when the first of them is asked for.
 *
 * Most sidecars export no spans. As plain code, even code that never runs, the SDK is nine tenths of the bundle: V8 reads all
 * of it at start and keeps the text, which is measured in docs/decisions/0002-one-bundled-file.md. All packages share one
 * string, because two copies of the SDK would not know each other's classes.
 */
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { build as bundle, type Plugin } from 'esbuild'

const PACKED = /^@opentelemetry\//

/** `inputs` is told what went into the string, for the licences. */
export function packed(options: { readonly target: string; readonly inputs: (paths: string[]) => void }): Plugin {
  return {
    name: 'packed',
    setup(build) {
      build.onResolve({ filter: PACKED }, ({ path, importer }) =>
        // A package that imports a package of its own kin is inside the string already.
        importer.includes('node_modules') ? undefined : { path, namespace: 'packed' },
      )
      build.onLoad({ filter: /.*/, namespace: 'packed' }, ({ path }) => {
        if (!packages().includes(path)) return { errors: [{ text: `${path} is not in package.json` }] }
        const contents = `module.exports = require('unpack')[${JSON.stringify(path)}]`
        return { contents, resolveDir: process.cwd() }
      })
      build.onResolve({ filter: /^unpack$/ }, () => ({ path: 'unpack', namespace: 'unpack' }))
      build.onLoad({ filter: /.*/, namespace: 'unpack' }, async () => {
        const { text, inputs } = await textOf(packages(), options.target)
        options.inputs(inputs)
        return { contents: unpacker(text), loader: 'js' }
      })
    },
  }
}

function packages(): string[] {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>
  return Object.keys(devDependencies ?? {}).filter((name) => PACKED.test(name))
}

/** One CommonJS text whose exports are the packages by name, each evaluated when it is read. */
async function textOf(names: readonly string[], target: string): Promise<{ text: string; inputs: string[] }> {
  const getters = names.map((name) => `get ${JSON.stringify(name)}() { return require(${JSON.stringify(name)}) }`)
  const { outputFiles, metafile } = await bundle({
    stdin: { contents: `module.exports = { ${getters.join(', ')} }`, resolveDir: process.cwd(), loader: 'js' },
    bundle: true,
    platform: 'node',
    target,
    format: 'cjs',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'warning',
  })
  return { text: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs) }
}

function unpacker(text: string): string {
  // One step below the best takes a tenth of the time and leaves a few more per cent.
  const code = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }).toString('base64')
  return `
    const { compileFunction, constants } = require('node:vm')
    const { brotliDecompressSync } = require('node:zlib')
    const text = brotliDecompressSync(Buffer.from('${code}', 'base64')).toString()
    const run = compileFunction(text, ['module', 'exports', 'require', '__filename', '__dirname'], {
      filename: 'outrigger:opentelemetry',
      importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    const part = { exports: {} }
    run(part, part.exports, require, __filename, __dirname)
    module.exports = part.exports`
}
