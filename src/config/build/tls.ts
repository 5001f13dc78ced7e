/** `tls` of listeners and Services: what no schema says of it, and the files it names. */
import { isIP } from 'node:net'
import type { Code } from '../issues.ts'
import type { ListenerTls, UpstreamTls } from '../model.ts'
import { isHostName } from '../values/address.ts'
import { type Parsed, parsed, unreadable } from '../values/parsed.ts'
import { fields, items, type WalkedDocument } from './document.ts'

/** The files of one `tls` block; '' where none is named. */
export interface TlsFiles {
  readonly side: 'listener' | 'upstream'
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** What is wrong with one of them; `message` goes on behind the key's name and path. */
export interface TlsProblem {
  readonly code: Code
  readonly file: 'cert' | 'key' | 'ca'
  readonly message: string
}

/** Reads the files and says what is wrong with them. */
export type TlsCheck = (files: TlsFiles) => readonly TlsProblem[]

/** Of the walk, where what the file leaves out is undefined. */
type Walked<T> = { readonly [K in keyof T]: T[K] | undefined }

export function listenerFiles({ cert, key, clientCa }: ListenerTls): TlsFiles {
  return { side: 'listener', cert, key, ca: clientCa }
}

export function upstreamFiles({ cert, key, ca }: UpstreamTls): TlsFiles {
  return { side: 'upstream', cert, key, ca }
}

export function buildListenerTls(walked: Walked<ListenerTls> | undefined): ListenerTls | undefined {
  if (walked === undefined) return undefined
  const { cert = '', key = '', clientCa = '', clientAuth = 'require' } = walked
  return { cert, key, clientCa, clientAuth }
}

export function buildUpstreamTls(walked: Walked<UpstreamTls> | undefined): UpstreamTls | undefined {
  if (walked === undefined) return undefined
  const { ca = '', serverName = '', cert = '', key = '' } = walked
  return { ca, serverName, cert, key }
}

export function checkListenersTls(document: WalkedDocument, check: TlsCheck | undefined): void {
  for (const [index, entry] of items(document.value.inbound).entries()) {
    const path = `inbound.${index}.tls`
    const tls = fields(entry).tls
    if (tls === undefined) continue
    const { clientCa } = fields(tls)
    if (document.placesBelow(path).has('clientAuth') && clientCa === undefined) {
      const message = `${shown(path)} must name clientCa beside clientAuth: without it no client certificate is asked for`
      document.error('E021', document.keyPlace(`${path}.clientAuth`), message)
    }
    const walked = buildListenerTls(tls as Walked<ListenerTls>)
    if (walked !== undefined) checkFiles(document, path, 'clientCa', listenerFiles(walked), check)
  }
}

export function checkServiceTls(document: WalkedDocument, check: TlsCheck | undefined): void {
  const tls = document.value.tls
  if (tls === undefined) return
  const { cert, key, serverName } = fields(tls)
  document.read('tls.serverName', serverName, parseServerName)
  if ((cert === undefined) !== (key === undefined)) {
    const [stated, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    const message = `tls must have cert and key together, found ${stated} without ${missing}`
    document.error('E021', document.keyPlace(`tls.${stated}`), message)
    return
  }
  const walked = buildUpstreamTls(tls as Walked<UpstreamTls>)
  if (walked !== undefined) checkFiles(document, 'tls', 'ca', upstreamFiles(walked), check)
}

/** As messages name a key: `inbound[0].tls.cert`. */
function shown(path: string): string {
  return path.replace(/\.([0-9]+)(?=\.)/, '[$1]')
}

export function checkFiles(
  document: WalkedDocument,
  path: string,
  caKey: 'ca' | 'clientCa',
  files: TlsFiles,
  check: TlsCheck | undefined,
): void {
  for (const { code, file, message } of check?.(files) ?? []) {
    const at = `${path}.${file === 'ca' ? caKey : file}`
    document.error(code, document.valuePlace(at), `${shown(at)} '${files[file]}' ${message}`)
  }
}

function parseServerName(name: string): Parsed<string> {
  if (isIP(name) !== 0 || isHostName(name)) return parsed(name)
  const port = /^(.+):[0-9]+$/.exec(name)?.[1]
  return unreadable('a host name or an IP address', port === undefined ? '' : `write ${port}, without the port`)
}
