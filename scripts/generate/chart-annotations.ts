/** What each annotation must look like, for the chart: in policy mode the API server has to refuse what the injector would. */
import { ANNOTATIONS } from '../../src/kubernetes/inject/annotations.ts'

export const path = 'charts/outrigger/files/annotations.yaml'

export function text(): string {
  const entries = ANNOTATIONS.map(({ name, pattern, expects }) => {
    return `- {name: ${name}, pattern: ${JSON.stringify(pattern)}, expects: ${JSON.stringify(expects)}}\n`
  })
  return `# Made by scripts/generate/chart-annotations.ts from src/kubernetes/inject/annotations.ts: npm run fix\n${entries.join('')}`
}
