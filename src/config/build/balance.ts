/** `loadBalancing` and `healthCheck` of a Service: what no schema says of them. */
import type { HealthCheckConfig, ServiceDocument } from '../model.ts'
import { fields, type WalkedDocument } from './document.ts'

type Balancing = ServiceDocument['loadBalancing']

/** As the walk gives them, where what the file leaves out is undefined. */
export interface WalkedBalance {
  readonly loadBalancing: { readonly algorithm: Balancing['algorithm']; readonly hashOn: string | undefined }
  readonly healthCheck: (Omit<HealthCheckConfig, 'path'> & { readonly path: string | undefined }) | undefined
}

const HEADER = 'header:'

export function checkBalancing(document: WalkedDocument): void {
  const { algorithm, hashOn } = fields(document.value.loadBalancing)
  const stated = document.placesBelow('loadBalancing').has('hashOn')
  if (algorithm === 'hash' && !stated) {
    const message = 'loadBalancing must name hashOn beside algorithm: hash, such as hashOn: "header:x-user"'
    document.error('E021', document.keyPlace('loadBalancing.algorithm'), message)
  } else if (algorithm !== undefined && algorithm !== 'hash' && hashOn !== undefined) {
    const message = `loadBalancing must have hashOn only beside algorithm: hash, found algorithm: ${algorithm}`
    document.error('E028', document.keyPlace('loadBalancing.hashOn'), message)
  }
}

export function checkHealthCheck(document: WalkedDocument): void {
  const stated = document.placesBelow('healthCheck')
  const both = stated.has('path') && stated.has('grpc')
  if (document.value.healthCheck === undefined || stated.has('path') !== stated.has('grpc')) return
  const message = `healthCheck must have exactly one of path and grpc, found ${both ? 'both' : 'none'}`
  document.error(both ? 'E028' : 'E021', document.keyPlace(both ? 'healthCheck.grpc' : 'healthCheck'), message)
}

export function buildBalancing({ algorithm, hashOn = '' }: WalkedBalance['loadBalancing']): Balancing {
  return { algorithm, hashOn: hashOn.slice(HEADER.length).toLowerCase() }
}

export function buildHealthCheck(walked: WalkedBalance['healthCheck']): HealthCheckConfig | undefined {
  return walked === undefined ? undefined : { ...walked, path: walked.path ?? '', grpc: walked.grpc }
}
