/**
 * `npm run test:page`: the page in a real browser. With `--screenshots DIR` also pictures of it during the avalanche, to be looked
 * at. Exit 0: all well, or no Chromium here, which is said; 1: something is wrong; 2: wrong usage.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { roleOf, runRole } from '../../src/demo/roles.ts'
import { findChromium, startBrowser } from './browser.ts'
import { takeScreenshots } from './screenshots.ts'

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { screenshots: { type: 'string' } } })
  const program = findChromium()
  if (program === '') {
    console.log('skipped: there is no chromium on PATH')
    return 0
  }
  if (values.screenshots === undefined) {
    const codes = ['page.test.ts', 'changes.test.ts'].map((file) => {
      return spawnSync(process.execPath, [path(file)], { stdio: 'inherit' }).status ?? 1
    })
    return Math.max(...codes)
  }
  const browser = await startBrowser(program)
  try {
    const entry = path('../../cmd/outrigger.ts')
    const launch = { role: [path('run.ts')], sidecar: [entry, 'demo', '--role', 'sidecar'] }
    const wrong = await takeScreenshots(browser, launch, values.screenshots)
    for (const what of wrong) console.log(what)
    return wrong.length === 0 ? 0 : 1
  } finally {
    await browser.close()
  }
}

const args = process.argv.slice(2)
if (roleOf(args) !== '') await runRole(args)
else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
  process.exit(await main(args))
}
