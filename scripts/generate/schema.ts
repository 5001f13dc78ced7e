/** The schema that editors check policy files with: the loader's own, as JSON Schema. */
import { execFileSync } from 'node:child_process'
import { editorSchema } from '../../src/config/schema/json-schema.ts'
import { BLOCKS } from '../../src/policies/index.ts'

export const path = 'docs/schema.json'

/** As Biome lays it out, which looks at this file as at every other. */
export function text(): string {
  const input = JSON.stringify(editorSchema(BLOCKS))
  const command = ['node_modules/@biomejs/biome/bin/biome', 'format', '--stdin-file-path', path]
  return execFileSync(process.execPath, command, { input, encoding: 'utf8' })
}
