/** Names of sources: every one that a policy allows something must stand under `trust.sources`. */
import { didYouMean } from '../values/spelling.ts'
import { fields, items, type WalkedDocument } from './document.ts'

/** `sidecar` undefined: no document names any source. Without it nobody could ever be one. */
export function checkSources(documents: readonly WalkedDocument[], sidecar: WalkedDocument | undefined): void {
  const names = Object.keys(fields(fields(sidecar?.value.trust).sources))
  for (const document of documents) {
    for (const [index, entry] of items(fields(document.value.authorize).allow).entries()) {
      for (const [at, source] of items(fields(entry).source).entries()) {
        if (typeof source !== 'string' || names.includes(source)) continue
        const known = names.length === 0 ? ', and no other either' : `; there are: ${names.slice(0, 10).join(', ')}`
        const message = `there is no source '${source}' under trust.sources of the Sidecar${didYouMean(source, names, known)}`
        document.error('E048', document.valuePlace(`authorize.allow.${index}.source.${at}`), message)
      }
    }
  }
}
