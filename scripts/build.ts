/**
 * `npm run build`: cmd/outrigger.ts and all it imports become dist/outrigger.cjs, the one file that production starts from.
 *
 * One CommonJS file, because it starts fastest and holds least: no resolver, no type stripping, no second copy of a source.
 * What went into it from others is told in dist/THIRD-PARTY.txt.
 */
import { writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { notices } from './bundle/notices.ts'
import { packed } from './bundle/packed.ts'
import { slimPrometheus } from './bundle/slim-prometheus.ts'

/** The oldest Node that `engines` of package.json promises. The sources themselves need a newer one. */
const target = 'node20'

const inputs: string[] = []
const { metafile } = await build({
  entryPoints: ['cmd/outrigger.ts'],
  outfile: 'dist/outrigger.cjs',
  bundle: true,
  platform: 'node',
  target,
  inject: ['scripts/bundle/node20.ts'],
  format: 'cjs',
  banner: { js: '#!/usr/bin/env node' },
  // Names stay as they are written, so that a stack trace and a heap snapshot can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the line of an error that nobody caught, which must not be the whole file.
  lineLimit: 160,
  legalComments: 'none',
  plugins: [slimPrometheus, packed({ target, inputs: (paths) => inputs.push(...paths) })],
  metafile: true,
  logLevel: 'warning',
})
inputs.push(...Object.keys(metafile.inputs))
writeFileSync('dist/THIRD-PARTY.txt', notices(inputs))

const [bundle] = Object.values(metafile.outputs)
console.log(`dist/outrigger.cjs: ${Math.round((bundle?.bytes ?? 0) / 1024)} KiB`)
