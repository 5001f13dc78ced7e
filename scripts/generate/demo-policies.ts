/**
 * The policy files that the demo runs with, as text in the bundle: dist/outrigger.cjs has to be enough, wherever it is
 * copied to.
 */
import { readFileSync } from 'node:fs'

export const path = 'src/demo/policies.ts'

export function text(): string {
  const avalanche = readFileSync('policies/avalanche.yaml', 'utf8')
  const literal = avalanche.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')
  return `/** Made by scripts/generate/demo-policies.ts from policies/avalanche.yaml. */\n\nexport const avalanchePolicy = \`${literal}\`\n`
}
