/**
 * Peer files: how a proxy is started and configured, one `key = value` a line, in the form that the comparison outside of
 * this project reads too. Our own start line stands in one place: peer/outrigger.peer.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { which } from './started.ts'

const FOLDER = fileURLToPath(new URL('peer/', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The Node that this project brings, else the one that runs this. */
export const NODE: string =
  [join(ROOT, 'node_modules/node/bin/node')].find((path) => existsSync(path)) ?? process.execPath

export interface Peer {
  readonly id: string
  /** The same for HTTP/1.1 and HTTP/2 of one program, which are two peers: one row of the table. */
  readonly program: string
  readonly label: string
  /** It is asked over HTTP/2 only. */
  readonly http2: boolean
  readonly start: string
  readonly version: string
  readonly env: string
  /** Templates `NAME.in`, written to `{run}/NAME`. */
  readonly render: readonly string[]
  /** Texts of the templates, and what takes their place. */
  readonly replaced?: readonly (readonly [text: string, by: string])[] | undefined
}

const LOG = 'accessLog: {format: json, sample: 100%, output: /dev/null}'
/** A line of the Sidecar documents in peer/outrigger*.yaml.in. */
export const TRACES = 'tracing: {sample: 1%}'
/** It, and what takes its place. */
export const NO_LOG = [LOG, 'accessLog: {format: none}'] as const
export const NO_TRACES = [TRACES, 'tracing: {sample: 0%}'] as const

/** Our own peer files. */
const OURS = ['outrigger', 'outrigger-h2']

/** Where binaries of peers may lie beside PATH. */
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'outrigger-peers', 'bin')

export function programs(): Record<string, string | undefined> {
  const here = Object.fromEntries(['haproxy', 'nginx', 'wrk', 'h2load', 'strace'].map((name) => [name, which(name)]))
  return { ...here, envoy: which('envoy', [CACHE]), loadgen: which('loadgen', [CACHE]) }
}

export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** `bundle` takes the place of __BUNDLE__. */
export function readPeer(id: string, bundle: string): Peer {
  const keys = new Map<string, string>()
  for (const line of ownPlaces(readFileSync(join(FOLDER, `${id}.peer`), 'utf8'), bundle).split('\n')) {
    const at = line.indexOf('=')
    if (at > 0 && !line.startsWith('#')) keys.set(line.slice(0, at).trim(), line.slice(at + 1).trim())
  }
  const key = (name: string): string => keys.get(name) ?? ''
  return {
    id,
    program: id.replace(/-h2$/, ''),
    label: key('label'),
    http2: key('protocols') === 'h2',
    start: key('start'),
    version: key('version'),
    env: key('env'),
    render: key('render').split(' ').filter(Boolean),
  }
}

function ownPlaces(text: string, bundle: string): string {
  return text.replaceAll('__NODE__', NODE).replaceAll('__BUNDLE__', bundle)
}

export function template(name: string): string {
  return readFileSync(join(FOLDER, `${name}.in`), 'utf8')
}

function replace(text: string, replaced: Peer['replaced'] = []): string {
  return replaced.reduce((all, [part, by]) => {
    if (!all.includes(part)) throw new Error(`the template has no '${part}'`)
    return all.replace(part, by)
  }, text)
}

/** Writes a peer's files into `values.run`; returns its command and its environment. */
export function prepare(
  peer: Peer,
  values: Readonly<Record<string, string | number>>,
): { command: string[]; env: Record<string, string> } {
  const run = String(values['run'])
  mkdirSync(run, { recursive: true })
  for (const name of peer.render) writeFileSync(join(run, name), fill(replace(template(name), peer.replaced), values))
  const env = fill(peer.env, values)
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const at = word.indexOf('=')
      return [word.slice(0, at), word.slice(at + 1)]
    })
  return { command: fill(peer.start, values).split(' '), env: Object.fromEntries(env) }
}

/**
 * Our peer files for the comparison outside, with their templates and a copy of the bundle; returns the path of the first. Each is there a second
 * time without access log and traces: that comparison has Envoy without them (`envoy`) and with them (`envoy-traced`).
 */
export function writePeerFile(bundle: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-peer-'))
  const copy = join(folder, 'outrigger.cjs')
  copyFileSync(bundle, copy)
  for (const id of OURS) {
    const text = ownPlaces(readFileSync(join(FOLDER, `${id}.peer`), 'utf8'), copy)
    const plain = text.replace(/^label = .*/m, '$&, no log, no traces').replaceAll(`${id}.yaml`, `${id}-plain.yaml`)
    writeFileSync(join(folder, `${id}.peer`), text)
    writeFileSync(join(folder, `${id}-plain.peer`), plain)
    for (const name of readPeer(id, copy).render) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, `${name}.in`), template(name))
      writeFileSync(join(folder, `${name.replace(id, `${id}-plain`)}.in`), replace(template(name), [NO_LOG, NO_TRACES]))
    }
  }
  return join(folder, 'outrigger.peer')
}
