/** The static table of HPACK (RFC 7541 Appendix A), and what an entry of either table is. */
import { classify } from '../field-kind.ts'

/** What an entry costs beside its name and value, bytes (RFC 7541 §4.1). */
export const ENTRY_OVERHEAD = 32

/** A field as a table keeps it. What it means to HTTP is found out once, when it is made. */
export class Entry {
  readonly name: string
  readonly value: string
  /** Bytes of table that it takes. */
  readonly size: number
  /** See field-kind.ts. */
  readonly kind: number

  constructor(name: string, value: string) {
    this.name = name
    this.value = value
    this.size = name.length + value.length + ENTRY_OVERHEAD
    this.kind = classify(name, value)
  }
}

const WITH_VALUE = [
  ':authority',
  ':method GET',
  ':method POST',
  ':path /',
  ':path /index.html',
  ':scheme http',
  ':scheme https',
  ':status 200',
  ':status 204',
  ':status 206',
  ':status 304',
  ':status 400',
  ':status 404',
  ':status 500',
  'accept-charset',
  'accept-encoding gzip, deflate',
]
const NAME_ONLY =
  'accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control ' +
  'content-disposition content-encoding content-language content-length content-location content-range content-type ' +
  'cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since ' +
  'last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after ' +
  'server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate'

/** Index 1 is at 1. */
export const STATIC: readonly Entry[] = [
  new Entry('', ''),
  ...WITH_VALUE.map(entry),
  ...NAME_ONLY.split(' ').map(entry),
]

/** The first index of the dynamic table. */
export const STATIC_END = STATIC.length

function entry(text: string): Entry {
  const space = text.indexOf(' ')
  return space < 0 ? new Entry(text, '') : new Entry(text.slice(0, space), text.slice(space + 1))
}
