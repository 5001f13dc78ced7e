/** The admin listener: beside the data path, on plain `node:http`. */
import type { AdminSource } from './source.ts'

export interface AdminListener {
  /** `host:port`, IPv6 in brackets, as bound. */
  readonly address: string
  close(): Promise<void>
}

export function startAdmin(
  _listen: { readonly host: string; readonly port: number },
  _source: AdminSource,
): Promise<AdminListener> {
  return Promise.reject(new Error('under construction'))
}
