/** What a model may speak of. */
import type { Config, HostPort } from '../../config/model.ts'

/** Addresses of each Service by its name; none where they are only found out at work. */
export type KnownServices = ReadonlyMap<string, readonly string[]>

/** Those of any of the configurations. */
export function knownServices(configs: readonly Pick<Config, 'services'>[]): KnownServices {
  const known = new Map<string, readonly string[]>()
  for (const { name, endpoints } of configs.flatMap(({ services }) => services)) {
    known.set(name, [...new Set([...(known.get(name) ?? []), ...endpoints.map(addressOf)])])
  }
  return known
}

/** As an endpoint is called. */
export function addressOf({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
