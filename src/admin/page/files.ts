/**
 * The files of the page by name, as a browser takes them. Read from the sources, types taken out; in the bundle
 * scripts/bundle/packed-page.ts puts what this says in the place of this file.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'

const FOLDERS = ['client', 'live']

export function pageFiles(): Readonly<Record<string, string>> {
  const files: Record<string, string> = {
    'page.html': read('page.html'),
    'page.css': read('page.css'),
    'icon.svg': read('icon.svg'),
  }
  for (const folder of FOLDERS) {
    for (const name of readdirSync(new URL(`${folder}/`, import.meta.url)).sort()) {
      if (name.endsWith('.ts')) files[`${folder}/${name}`] = withoutTypes(read(`${folder}/${name}`))
    }
  }
  const charts = createRequire(import.meta.url)
  files['uplot.js'] = readFileSync(charts.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8')
  files['uplot.css'] = readFileSync(charts.resolve('uplot/dist/uPlot.min.css'), 'utf8')
  return files
}

/** Node says once that this is experimental, which is no news to whoever reads a log. */
function withoutTypes(text: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}
