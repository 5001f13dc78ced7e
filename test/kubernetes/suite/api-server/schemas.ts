/** The API server's own OpenAPI document as the schemas that kubeconform reads: no field may be there that the API does not know. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '../cluster.ts'

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document
type Json = any

/** The pattern for `-schema-location`; the files are in a folder of their own. */
export async function writeSchemas(cluster: Cluster): Promise<{ readonly location: string; readonly folder: string }> {
  const { object } = await cluster.ask('GET', 'openapi/v2')
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-schemas-'))
  const definitions: Record<string, Json> = {}
  for (const [name, schema] of Object.entries<Json>(object.definitions)) definitions[name] = strict(schema)
  writeFileSync(join(folder, 'definitions.json'), JSON.stringify({ definitions }))
  for (const [name, schema] of Object.entries<Json>(object.definitions)) {
    for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
      // kubeconform writes of a group what stands before its first dot.
      const suffix = group === '' ? version : `${group.split('.')[0]}-${version}`
      const file = join(folder, `${kind.toLowerCase()}-${suffix}.json`)
      writeFileSync(file, JSON.stringify({ $ref: `file://${folder}/definitions.json#/definitions/${name}` }))
    }
  }
  return { location: `${folder}/{{.ResourceKind}}{{.KindSuffix}}.json`, folder }
}

/** Closed, for an unknown field passes by itself; and a number or a name, as ports are, is nothing but text to OpenAPI 2. */
function strict(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(strict)
  if (typeof schema !== 'object' || schema === null) return schema
  if (schema.format === 'int-or-string') return { type: ['string', 'integer'] }
  const { format: _format, ...rest } = schema
  const entries = Object.entries<Json>(rest).map(([key, value]) => {
    return [key, key === 'properties' ? eachOf(value) : strict(value)]
  })
  const closed = rest.properties !== undefined && rest.additionalProperties === undefined
  return { ...Object.fromEntries(entries), ...(closed ? { additionalProperties: false } : {}) }
}

function eachOf(properties: Json): Json {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, strict(schema)]))
}
