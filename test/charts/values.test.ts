import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { schemaProblems } from '../support/json-schema.ts'
import { leaves, names, read, VALUES, yaml } from './chart.ts'

type Schema = Record<string, unknown>
const schema = JSON.parse(read('values.schema.json')) as Schema
const templates = names('templates', '').filter((name) => /\.(?:yaml|tpl|txt)$/.test(name))

/** Values that are written for Kubernetes and only passed on, and a parent chart's. */
const OPEN = ['global', 'injector.affinity', 'injector.tolerations[]']

/** As helm lays values over the chart's own before it looks at the schema. */
function over(standard: unknown, values: unknown): unknown {
  const maps = [standard, values].every((one) => typeof one === 'object' && one !== null && !Array.isArray(one))
  if (!maps) return values
  const merged: Record<string, unknown> = { ...(standard as object) }
  for (const [key, value] of Object.entries(values as object)) {
    merged[key] = key in merged ? over(merged[key], value) : value
  }
  return merged
}

function each(at: Schema, place: string, visit: (schema: Schema, place: string) => void): void {
  visit(at, place)
  for (const [key, one] of Object.entries((at['properties'] ?? {}) as Record<string, Schema>)) {
    each(one, place === '' ? key : `${place}.${key}`, visit)
  }
  if (at['items'] !== undefined) each(at['items'] as Schema, `${place}[]`, visit)
}

t.test('values.schema.json accepts the default values and those of every mode', async (t) => {
  const standard = yaml('values.yaml')
  for (const path of ['values.yaml', ...VALUES])
    t.same(schemaProblems(schema, over(standard, yaml(path) ?? {})), [], path)
})

t.test('values.schema.json refuses what is misspelt, of another type or out of range', async (t) => {
  const bad: readonly (readonly [values: unknown, place: RegExp])[] = [
    [{ injecter: {} }, /^\.injecter: is unknown$/],
    [{ injection: { mode: 'webhooks' } }, /^\.injection\.mode: enum/],
    [{ injection: { nativeSidecar: 'yes' } }, /^\.injection\.nativeSidecar: enum/],
    [{ injector: { replicas: 0 } }, /^\.injector\.replicas: minimum/],
    [{ image: { digest: 'sha256:abc' } }, /^\.image\.digest: pattern/],
    [{ image: { registry: 'example.test/' } }, /^\.image\.registry: pattern/],
    [{ policy: { inline: { kind: 'Policy' } } }, /^\.policy\.inline: type/],
    [{ proxy: { skipInboundPorts: [70_000] } }, /^\.proxy\.skipInboundPorts\[0\]: maximum/],
    [{ proxy: { resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } } }, /requests: required/],
    [{ proxy: { env: { 'not a name': 'x' } } }, /propertyNames|not a name: pattern/],
    [{ certs: { provided: { caBundle: 'MIIB' } } }, /caBundle: pattern/],
  ]
  for (const [values, place] of bad) {
    const problems = schemaProblems(schema, values)
    t.equal(problems.length, 1, JSON.stringify(problems))
    t.match(problems[0], place)
  }
})

t.test('values.schema.json is closed: every object is either listed or a map of one kind', async (t) => {
  const open: string[] = []
  const look = (at: Schema, place: string): void => {
    if (at['type'] === 'object' && at['additionalProperties'] === undefined) open.push(place)
  }
  each(schema, '', look)
  for (const [name, one] of Object.entries(schema['definitions'] as Record<string, Schema>)) each(one, name, look)
  t.same(open, OPEN)
})

t.test('every value is in the schema and in values.yaml, and a template reads it', async (t) => {
  const values = yaml('values.yaml')
  const known = new Set<string>()
  each(schema, '', (at, place) => {
    if (at['properties'] === undefined && !place.endsWith('[]')) known.add(place)
  })
  const has = (place: string): boolean =>
    place.split('.').reduce((at, key) => (at === undefined ? undefined : at[key]), values) !== undefined
  const optional = ['global', 'certs.certManager.issuerRef.name', 'certs.certManager.issuerRef.kind']
  optional.push('certs.certManager.issuerRef.group')
  t.same(
    [...known].filter((place) => !has(place) && !optional.includes(place)),
    [],
    'in values.yaml',
  )

  const text = templates.map((name) => read(`templates/${name}`)).join('\n')
  const read_ = [...text.matchAll(/\.Values\.([A-Za-z.]+)/g)].map((match) => match[1]!.replace(/\.$/, ''))
  t.same(
    [...new Set(read_)].filter((place) => !has(place)),
    [],
    'what a template reads is there',
  )
  const used = (leaf: string): boolean => read_.some((place) => leaf === place || leaf.startsWith(`${place}.`))
  t.same(
    leaves(values).filter((leaf) => !used(leaf)),
    [],
    'what is there is read',
  )
})

t.test('a render depends on nothing but the values: no chance, no clock, no cluster', async (t) => {
  const moving =
    /\b(?:lookup|rand[A-Z]\w*|gen(?:CA|SelfSignedCert|SignedCert|PrivateKey)\w*|uuidv4|now|date\w*|ago|htpasswd|getHostByName)\b/
  for (const name of templates.filter((name) => name.endsWith('.yaml') || name.endsWith('.tpl'))) {
    const actions = [...read(`templates/${name}`).matchAll(/\{\{-?(.*?)-?\}\}/gs)].map((match) => match[1]!)
    const code = actions.filter((action) => !action.startsWith('/*') && !action.startsWith(' /*'))
    // What stands in quotes is a word and no call.
    for (const action of code) t.notMatch(action.replaceAll(/"[^"]*"/g, ''), moving, name)
  }
})

t.test('the chart has the version of the package', async (t) => {
  const chart = yaml('Chart.yaml')
  t.equal(chart.version, manifest.version)
  t.equal(chart.appVersion, manifest.version)
})
