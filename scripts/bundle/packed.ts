/**
 * Packs large packages that most sidecars never use into the bundle, each kin as one compressed string that is unpacked when the
 * first of it is asked for: OpenTelemetry, gRPC for its exporters, the client for Redis, the clients of health checks, and what the
 * injector issues certificates with.
 *
 * Most sidecars export no spans. As plain code, even code that never runs, the SDK is nine tenths of the bundle: V8 reads all
 * of it at start and keeps the text, which is measured in docs/decisions/0002-one-bundled-file.md. All packages of a kin share
 * one string, because two copies of the SDK would not know each other's classes.
 */
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { build as bundle, type Metafile, type Plugin } from 'esbuild'
import { lazyRequires } from './lazy-requires.ts'

/** By the name under which a stack trace shows them. */
const KINS: Readonly<Record<string, RegExp>> = {
  opentelemetry: /^@opentelemetry\//,
  grpc: /^@grpc\/grpc-js$/,
  redis: /^@redis\//,
  health: /^(undici|http2-wrapper)$/,
  certificates: /^@peculiar\//,
}

/**
 * What is loaded only by functions that we do not call: the SDK's start from a configuration file brings a schema and a reader
 * of YAML, a third of all its text.
 */
const NEVER = /^@opentelemetry\/configuration$/

/** Packages that run at the start only. */
const STARTING = /[\\/]node_modules[\\/]@opentelemetry[\\/](?:sdk-node|resources|instrumentation)[\\/].*\.js$/

/** `inputs` is told what went into the string, for the licences. */
export function packed(options: { readonly target: string; readonly inputs: (paths: string[]) => void }): Plugin {
  return {
    name: 'packed',
    setup(build) {
      for (const [kin, filter] of Object.entries(KINS)) {
        build.onResolve({ filter }, ({ path, importer }) =>
          // A package that imports a package of its own kin is inside the string already.
          importer.includes('node_modules') ? undefined : { path, namespace: `packed-${kin}` },
        )
        build.onLoad({ filter: /.*/, namespace: `packed-${kin}` }, ({ path }) => {
          if (!packages(filter).includes(path)) return { errors: [{ text: `${path} is not in package.json` }] }
          const contents = `module.exports = require('unpack-${kin}')[${JSON.stringify(path)}]`
          return { contents, resolveDir: process.cwd() }
        })
      }
      build.onResolve({ filter: /^unpack-/ }, ({ path }) => ({ path, namespace: 'unpack' }))
      build.onLoad({ filter: /.*/, namespace: 'unpack' }, async ({ path }) => {
        const kin = path.slice('unpack-'.length)
        const { text, inputs, others } = await textOf(kin, options.target)
        options.inputs(inputs)
        return { contents: unpacker(kin, text, others), loader: 'js' }
      })
    },
  }
}

function packages(filter: RegExp): string[] {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>
  return Object.keys(devDependencies ?? {}).filter((name) => filter.test(name))
}

interface Packed {
  readonly text: string
  readonly inputs: string[]
  /** Packages of other kins that it asks for. */
  readonly others: readonly string[]
}

/** One CommonJS text whose exports are the packages by name, each evaluated when it is read. */
async function textOf(kin: string, target: string): Promise<Packed> {
  const names = packages(KINS[kin] as RegExp)
  const getters = names.map((name) => `get ${JSON.stringify(name)}() { return require(${JSON.stringify(name)}) }`)
  const { outputFiles, metafile } = await bundle({
    stdin: { contents: `module.exports = { ${getters.join(', ')} }`, resolveDir: process.cwd(), loader: 'js' },
    bundle: true,
    platform: 'node',
    target,
    format: 'cjs',
    // The loader that would serve an import() in a compiled function says on stderr that it is experimental; a require() does not.
    supported: { 'dynamic-import': false },
    plugins: [apart(kin), lazyRequires(STARTING)],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'warning',
  })
  return { text: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs), others: othersIn(metafile) }
}

/** Leaves packages of other kins in their own strings. */
function apart(kin: string): Plugin {
  return {
    name: 'apart',
    setup(build) {
      const others = Object.entries(KINS).flatMap(([other, filter]) => (other === kin ? [] : [filter]))
      for (const filter of [...others, NEVER]) build.onResolve({ filter }, ({ path }) => ({ path, external: true }))
    },
  }
}

function othersIn({ outputs }: Metafile): string[] {
  const asked = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  return [...new Set(asked)].filter((path) => kinOf(path) !== undefined && !NEVER.test(path))
}

function kinOf(path: string): string | undefined {
  return Object.keys(KINS).find((kin) => KINS[kin]?.test(path))
}

function unpacker(kin: string, text: string, others: readonly string[]): string {
  // One step below the best takes a tenth of the time and leaves a few more per cent.
  const code = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }).toString('base64')
  const cases = others.map((name) => `case '${name}': return require('unpack-${kinOf(name)}')['${name}']`)
  return `
    const { compileFunction } = require('node:vm')
    const { brotliDecompressSync } = require('node:zlib')
    const text = brotliDecompressSync(Buffer.from('${code}', 'base64')).toString()
    const run = compileFunction(text, ['module', 'exports', 'require', '__filename', '__dirname'], {
      filename: 'outrigger:${kin}',
    })
    const part = { exports: {} }
    const find = (name) => {
      switch (name) {
        ${cases.join('\n')}
        default: return require(name)
      }
    }
    run(part, part.exports, find, __filename, __dirname)
    module.exports = part.exports`
}
