/** The annotations as JSON Schema, from the table that reads them: of the mapping `metadata.annotations`. */
import { execFileSync } from 'node:child_process'
import { ANNOTATIONS } from '../../src/kubernetes/inject/annotations.ts'
import { DOMAIN } from '../../src/kubernetes/inject/names.ts'

export const path = 'docs/annotations.schema.json'

/** As Biome lays it out, which looks at this file as at every other. */
export function text(): string {
  const properties = ANNOTATIONS.map(({ name, pattern, description, example }) => {
    return [`${DOMAIN}/${name}`, { type: 'string', pattern, description, examples: [example] }] as const
  })
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Annotations of Outrigger on pods and namespaces',
    type: 'object',
    additionalProperties: { type: 'string' },
    properties: Object.fromEntries(properties),
  }
  const command = ['node_modules/@biomejs/biome/bin/biome', 'format', '--stdin-file-path', path]
  return execFileSync(process.execPath, command, { input: JSON.stringify(schema), encoding: 'utf8' })
}
