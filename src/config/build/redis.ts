/** The files that a Redis store names. Where certificates are looked at, the password's file is too. */
import { readRegular } from '../../core/regular-file.ts'
import { whyUnreadable } from '../files.ts'
import { type Fields, fields, type WalkedDocument } from './document.ts'
import { buildUpstreamTls, checkFiles, type TlsCheck, upstreamFiles } from './tls.ts'

const PATH = 'idempotency.store.redis'

export function checkStore(block: Fields, document: WalkedDocument, check: TlsCheck | undefined): void {
  const { tls, passwordFile } = fields(fields(block.store).redis)
  if (tls !== undefined) checkTls(fields(tls), document, check)
  if (check === undefined || typeof passwordFile !== 'string') return
  try {
    readRegular(passwordFile)
  } catch (cause) {
    const message = `${PATH}.passwordFile '${passwordFile}' must be a readable file: ${whyUnreadable(cause)}`
    document.error('E063', document.valuePlace(`${PATH}.passwordFile`), message)
  }
}

function checkTls(tls: Fields, document: WalkedDocument, check: TlsCheck | undefined): void {
  const { cert, key } = tls
  if ((cert === undefined) !== (key === undefined)) {
    const [stated, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    const message = `${PATH}.tls must have cert and key together, found ${stated} without ${missing}`
    document.error('E021', document.keyPlace(`${PATH}.tls.${stated}`), message)
    return
  }
  const walked = buildUpstreamTls(tls as Parameters<typeof buildUpstreamTls>[0])
  if (walked !== undefined) checkFiles(document, `${PATH}.tls`, 'ca', upstreamFiles(walked), check)
}
