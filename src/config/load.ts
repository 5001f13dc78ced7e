/** Files → Config: everything that is wrong in one report, in file order; a Config only where nothing is. */
import type { Schema } from '../core/policy.ts'
import { checkBlocks } from './build/blocks.ts'
import { items, WalkedDocument } from './build/document.ts'
import { type Head, type Kind, readHead } from './build/head.ts'
import { checkFallback, findFallbackCircles } from './build/fallback.ts'
import { checkNames, Names } from './build/names.ts'
import { buildPolicy, checkPolicy, isBuildable } from './build/policy.ts'
import { buildSidecar, checkSidecar } from './build/sidecar.ts'
import { checkSources } from './build/sources.ts'
import type { TlsCheck } from './build/tls.ts'
import { buildService, checkHosts, checkService } from './build/service.ts'
import { readFiles, type SourceFile, type SourceFiles } from './files.ts'
import { Fingerprint } from './fingerprint.ts'
import { deepFreeze } from './freeze.ts'
import { inFileOrder, Report } from './issues.ts'
import { lint } from './lint/lint.ts'
import type { Config, Issue, PolicyDocument, SidecarDocument } from './model.ts'
import { type BlockSchema, policySchema, profileSchema } from './schema/policy.ts'
import { SERVICE } from './schema/service.ts'
import { SIDECAR } from './schema/sidecar.ts'
import { OWN_VERSION } from './version.ts'
import { readDocuments } from './yaml/read.ts'

export interface LoadOptions {
  /** Wins over the Sidecar document's name (`run --name`). */
  readonly sidecarName?: string | undefined
  /** What `minVersion` is compared with; the package's own by default. */
  readonly version?: string | undefined
  /**
   * What is wrong between policies (ties, lost fields), found by whoever resolves them, so that it stands in the same
   * report. Gets the policies that are sound, in file order.
   */
  readonly conflicts?: ((policies: readonly PolicyDocument[]) => readonly Issue[]) | undefined
  /** Reads certificates and keys and says what is wrong with them; without it they are not looked at. */
  readonly tls?: TlsCheck | undefined
  /** False: the process serves, so what may have no end (a pipe, a device) is refused and not read. */
  readonly mayWait?: boolean | undefined
  /** Since 1970, ms: what is past its time is told so. */
  readonly now?: number | undefined
}

export interface Loaded {
  /** undefined where an issue is an error. */
  readonly config: Config | undefined
  /** Errors and warnings, in file order. */
  readonly issues: readonly Issue[]
  /** What was read, or should have been, in order. */
  readonly files: readonly string[]
}

/** Reads synchronously: at start and at reload only. Never throws on account of what the files hold. */
export function loadConfig(
  paths: readonly string[],
  blocks: readonly BlockSchema[],
  options: LoadOptions = {},
): Loaded {
  const report = new Report()
  const sources = readFiles(paths, report, options.mayWait)
  return loadFiles(sources, blocks, options, report)
}

/** The same for text that is in no file. */
export function loadText(
  text: string,
  blocks: readonly BlockSchema[],
  options: LoadOptions = {},
  path = 'policy.yaml',
): Loaded {
  return loadTexts([{ path, text }], blocks, options)
}

/** The same for several texts that belong together, each under a name. */
export function loadTexts(
  texts: readonly { readonly path: string; readonly text: string }[],
  blocks: readonly BlockSchema[],
  options: LoadOptions = {},
): Loaded {
  const files = texts.map(({ path, text }) => ({ path, text, bytes: Buffer.from(text) }))
  return loadFiles({ files, order: files.map(({ path }) => path) }, blocks, options, new Report())
}

function loadFiles(
  { files, order }: SourceFiles,
  blocks: readonly BlockSchema[],
  options: LoadOptions,
  report: Report,
): Loaded {
  const { heads, complete } = readHeads(files, options.version ?? OWN_VERSION, report)
  checkNames(heads, report)
  const documents = walkAll(heads, blocks)
  const profiles = new Map(documents.Profile.map((document) => [document.head.name, document]))
  checkAll(documents, blocks, new Names(heads, complete), profiles, options.tls)
  if (sourcesAreKnown(heads, complete, documents)) {
    checkSources([...documents.Profile, ...documents.Policy], documents.Sidecar[0])
  }
  const policies = documents.Policy.filter((document) => isBuildable(document, profiles)).map((document) =>
    buildPolicy(document, blocks, profiles),
  )
  for (const document of Object.values(documents).flat()) report.takeAll(document.report)
  for (const warning of lint(policies, sizesOf(documents.Service), options.now)) report.take(warning)
  const services = documents.Service.map(({ head }) => head.name)
  for (const circle of findFallbackCircles(policies, services)) report.take(circle)
  for (const conflict of options.conflicts?.(firstOfName(policies)) ?? []) report.take(conflict)
  const issues = deepFreeze(inFileOrder(report.issues, order))
  if (report.errors > 0) return { config: undefined, issues, files: order }
  return { config: deepFreeze(build(documents, policies, files, issues, options)), issues, files: order }
}

/** A Sidecar that is left out, or wrong somewhere, may name any source. */
function sourcesAreKnown(heads: readonly Head[], complete: boolean, { Sidecar }: Documents): boolean {
  const whole = heads.every(({ kind, state }) => kind !== 'Sidecar' || state === 'whole')
  return complete && whole && Sidecar.every(({ sound }) => sound)
}

/** A name that stands twice is reported as that; that the second also ties with the first is no news. */
function firstOfName(policies: readonly PolicyDocument[]): PolicyDocument[] {
  const first = new Map<string, PolicyDocument>()
  for (const policy of policies) if (!first.has(policy.name)) first.set(policy.name, policy)
  return [...first.values()]
}

type Documents = Readonly<Record<Kind, readonly WalkedDocument[]>>

function readHeads(
  files: readonly SourceFile[],
  version: string,
  report: Report,
): { heads: Head[]; complete: boolean } {
  const heads: Head[] = []
  const documents = files.flatMap((file) => readDocuments(file.path, file.text, report))
  // A file that cannot be read may hold any name.
  let complete = report.errors === 0
  for (const document of documents) {
    const head = readHead(document, version, report)
    if (head !== undefined) heads.push(head)
    else complete = false
  }
  return { heads, complete: complete || documents.every((document) => document.whole) }
}

function sizesOf(services: readonly WalkedDocument[]): ReadonlyMap<string, number> {
  const listed = services.filter((document) => document.states('endpoints'))
  return new Map(listed.map((document) => [document.head.name, items(document.value.endpoints).length]))
}

function walkAll(heads: readonly Head[], blocks: readonly BlockSchema[]): Documents {
  const walk = (kind: Kind, schema: Schema) =>
    heads.filter((head) => head.kind === kind && head.state === 'whole').map((head) => new WalkedDocument(head, schema))
  return {
    Sidecar: walk('Sidecar', SIDECAR),
    Service: walk('Service', SERVICE),
    Policy: walk('Policy', policySchema(blocks)),
    Profile: walk('Profile', profileSchema(blocks)),
  }
}

function checkAll(
  documents: Documents,
  blocks: readonly BlockSchema[],
  names: Names,
  profiles: ReadonlyMap<string, WalkedDocument>,
  tls: TlsCheck | undefined,
): void {
  for (const document of documents.Sidecar) checkSidecar(document, tls)
  for (const document of documents.Service) checkService(document, tls)
  checkHosts(documents.Service)
  for (const document of [...documents.Profile, ...documents.Policy]) {
    checkBlocks(document, blocks, tls)
    checkFallback(document, names)
  }
  for (const document of documents.Policy) checkPolicy(document, blocks, names, profiles)
}

function build(
  documents: Documents,
  policies: readonly PolicyDocument[],
  files: readonly SourceFile[],
  warnings: readonly Issue[],
  options: LoadOptions,
): Config {
  return {
    sidecar: sidecarOf(documents, options.sidecarName),
    services: documents.Service.map(buildService),
    policies,
    hash: hashOf(files),
    warnings,
  }
}

/** What we are called when nobody says it. */
const NAMELESS = 'outrigger'

function sidecarOf(documents: Documents, name: string | undefined): SidecarDocument {
  const stated = documents.Sidecar[0]
  if (stated !== undefined) return buildSidecar(stated, name)
  const place = { file: '', line: 1, column: 1 }
  const root = { kind: 'map', place, entries: [] } as const
  const head: Head = { kind: 'Sidecar', name: NAMELESS, place, root, state: 'whole' }
  return buildSidecar(new WalkedDocument(head, { ...SIDECAR, required: [] }), name ?? NAMELESS)
}

/** Of the text and not of the paths: the same policies are the same wherever they are mounted. */
function hashOf(files: readonly SourceFile[]): string {
  const hash = new Fingerprint()
  for (const { bytes } of files) hash.add(Buffer.from(`${bytes.length}\n`)).add(bytes)
  return hash.text()
}
