/** The page of annotations, from the table that reads them. */
import { ANNOTATIONS } from '../../src/kubernetes/inject/annotations.ts'
import { DOMAIN } from '../../src/kubernetes/inject/names.ts'

export const path = 'docs/kubernetes-annotations.md'

export function text(): string {
  const rows = ANNOTATIONS.map(
    ({ name, example, expects, description }) =>
      `| \`${DOMAIN}/${name}\` | ${expects} | \`${example}\` | ${description} |`,
  )
  return `# Annotations of pods and namespaces

Made by scripts/generate/annotations.ts from src/kubernetes/inject/annotations.ts. On a pod (in a workload: in the template of
its pods) or on a namespace, where they hold for every pod in it. Each key stands for itself: the pod's wins over the
namespace's, the namespace's over the injector's file. A value that cannot be read refuses the pod, with what must stand there;
a key that nobody knows is a warning. For editors and CI: [annotations.schema.json](annotations.schema.json).

| annotation | value | example | |
|---|---|---|---|
${rows.join('\n')}
`
}
