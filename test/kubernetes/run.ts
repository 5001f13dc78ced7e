/**
 * `npm run test:kubernetes [-- NAME …]`: Outrigger in a real Kubernetes, by the tools that lie beside the project (README.md
 * says where). Every suite of `suite/` that its tools allow is run; of each that cannot be, one line says what is missing.
 * Exits with 1 when a fact did not hold.
 */
import { Report } from './suite/report.ts'
import { suites } from './suite/suites.ts'

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name))
  if (unknown.length > 0) {
    console.error(`no suite ${unknown.join(', ')}; there are: ${suites.map((suite) => suite.name).join(', ')}`)
    return 2
  }
  const report = new Report((line) => console.log(line))
  for (const suite of suites) {
    if (wanted.length > 0 && !wanted.includes(suite.name)) continue
    console.log(`\n# ${suite.name}: ${suite.shows}`)
    const missing = suite.lacks()
    if (missing !== undefined) {
      console.log(`skipped: ${missing}`)
      continue
    }
    await report.guard(suite.name, () => suite.run(report))
  }
  console.log(`\n${report.held} facts held, ${report.failed} did not`)
  return report.failed === 0 ? 0 : 1
}

process.exit(await main(process.argv.slice(2)))
