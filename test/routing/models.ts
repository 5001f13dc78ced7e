/** Policies made by hand, without a file. */
import type { PlacedBlock } from '../../src/routing/lost-fields.ts'
import type { StatedPolicy, StatedRoute } from '../../src/routing/stated.ts'
import type { Seeded } from '../support/seeded.ts'

let line = 0

/** A block whose fields, by dotted path, stand in the file as given. */
export function block(
  name: string,
  fields: Record<string, unknown> = {},
  mode: 'enforce' | 'shadow' | 'disabled' = 'enforce',
) {
  const config: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(fields)) {
    const keys = path.split('.')
    let inner = config
    for (const key of keys.slice(0, -1)) inner = (inner[key] ??= {}) as Record<string, unknown>
    inner[keys.at(-1) as string] = value
  }
  const places = new Map(Object.keys(fields).map((field) => [field, place()]))
  return { block: name, mode, config, place: place(), places } satisfies PlacedBlock
}

/** `GET,HEAD /path x-tenant=gold` or `grpc:pkg.Service/Method x-tenant=gold`, every part of which may be missing. */
export function route(text: string): StatedRoute {
  const parts = text.split(' ').filter((part) => part !== '')
  return {
    path: parts.find((part) => part.startsWith('/')),
    grpc: parts.find((part) => part.startsWith('grpc:'))?.slice(5),
    methods: parts.find((part) => /^[A-Z,]+$/.test(part))?.split(',') ?? [],
    headers: parts.filter((part) => part.includes('=')).map((part) => part.split('=') as [string, string]),
    stream: undefined,
    place: place(),
  }
}

export function policy(
  name: string,
  blocks: readonly (PlacedBlock | string)[],
  more: Partial<Omit<StatedPolicy<PlacedBlock>, 'routes'>> & { readonly routes?: readonly string[] } = {},
): StatedPolicy<PlacedBlock> {
  return {
    direction: 'outbound',
    service: '*',
    workload: [],
    port: undefined,
    place: place(),
    ...more,
    name,
    blocks: blocks.map((stated) => (typeof stated === 'string' ? block(stated) : stated)),
    routes: (more.routes ?? []).map(route),
  }
}

function place() {
  line++
  return { file: 'test.yaml', line, column: 1 }
}

const PATHS = [
  '/a',
  '/a/',
  '/a/**',
  '/a/b',
  '/a/{x}',
  '/*/b',
  '/*/*',
  '/**',
  '/{x}/**',
  '/a/*/c',
  '/',
  'grpc:a/b',
  'grpc:a/*',
]
const METHODS = ['GET', 'POST', 'GET,POST', 'PUT']
const HEADERS = ['x=1', 'x=2', 'y=1', 'x=1 y=1', 'z=1']

/** `count` policies for service `s` or all, of one to three blocks, with any kind of match. */
export function randomPolicies(random: Seeded, count: number): StatedPolicy<PlacedBlock>[] {
  return Array.from({ length: count }, (_, i) =>
    policy(
      `p${i}`,
      ['timeout', 'retry', 'breaker'].filter(() => random.chance(0.6)),
      {
        service: random.pick(['*', '*', 's', 'other']),
        workload: random.chance(0.2) ? random.pick([['w'], ['w', 'v'], ['v']]) : [],
        routes: random.chance(0.2) ? [] : Array.from({ length: random.between(1, 3) }, () => randomRoute(random)),
      },
    ),
  )
}

function randomRoute(random: Seeded): string {
  const parts = random.chance(0.8) ? [random.pick(PATHS)] : []
  if (random.chance(0.3)) parts.push(random.pick(METHODS))
  if (random.chance(0.3)) parts.push(random.pick(HEADERS))
  return parts.join(' ')
}

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
}

/** Every request that the parts above tell apart. */
export function allRequests(): Request[] {
  const paths = ['/', '/a', '/a/', '/a/b', '/a/q', '/q/b', '/q', '/a/q/c', '/a/b/c', '/a/q/', '/q/q/q', '/q/', '/q/q/']
  const sets = [
    [],
    ['x', '1'],
    ['x', '2'],
    ['y', '1'],
    ['X', '1', 'y', '1'],
    ['z', '1'],
    ['x', '1', 'y', '1', 'z', '1'],
  ]
  sets.push(
    ['x', '2', 'y', '1', 'z', '1'],
    ['y', '1', 'z', '1'],
    ['x', '1', 'z', '1'],
    ['x', '2', 'y', '1'],
    ['x', '2', 'z', '1'],
  )
  const calls = sets.map((set) => [...set, 'Content-Type', 'application/grpc+proto'])
  return ['GET', 'POST', 'PUT', 'DELETE'].flatMap((method) =>
    paths.flatMap((path) =>
      (method === 'POST' ? [...sets, ...calls] : sets).map((set) => ({ method, path, headers: set })),
    ),
  )
}
