/**
 * `npm run build`: cmd/outrigger.ts and all it imports become dist/outrigger.cjs, the one file that production starts from.
 *
 * One CommonJS file, because it starts fastest and holds least: no resolver, no type stripping, no second copy of a source.
 * What went into it from others is told in dist/THIRD-PARTY.txt.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { notices } from './bundle/notices.ts'
import { packed } from './bundle/packed.ts'
import { packedPage } from './bundle/packed-page.ts'
import { plainFields } from './bundle/plain-fields.ts'
import { slimPrometheus } from './bundle/slim-prometheus.ts'

/** The oldest Node that `engines` of package.json promises. The sources themselves need a newer one. */
const target = 'node20'

const entry = 'cmd/outrigger.ts'
const inputs: string[] = []
const tell = (paths: string[]) => void inputs.push(...paths)
const { metafile } = await build({
  entryPoints: [entry],
  outfile: 'dist/outrigger.cjs',
  bundle: true,
  platform: 'node',
  target,
  inject: ['scripts/bundle/node20.ts'],
  format: 'cjs',
  // esbuild keeps a first line of the entry itself, and a second one would be no program.
  banner: { js: readFileSync(entry, 'utf8').startsWith('#!') ? '' : '#!/usr/bin/env node' },
  // Names stay as they are written, so that a stack trace and a heap snapshot can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the line of an error that nobody caught, which must not be the whole file.
  lineLimit: 160,
  legalComments: 'none',
  plugins: [slimPrometheus, packedPage(tell), packed({ target, inputs: tell }), plainFields(target)],
  // Native, so it is in no bundle: it is found beside it, in the node_modules of a folder above, and only asked for by
  // `run --transparent`. npm installs it as an optional dependency; the image carries it in /app/node_modules.
  external: ['koffi'],
  metafile: true,
  logLevel: 'warning',
})
inputs.push(...Object.keys(metafile.inputs))
writeFileSync('dist/THIRD-PARTY.txt', notices(inputs))

const [bundle] = Object.values(metafile.outputs)
console.log(`dist/outrigger.cjs: ${Math.round((bundle?.bytes ?? 0) / 1024)} KiB`)
