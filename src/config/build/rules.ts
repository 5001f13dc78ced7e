/** What must hold between the fields of one block. One function a block; blocks without rules have none. */
import { formatDuration } from '../values/units.ts'
import { parsePathPattern } from '../values/path-pattern.ts'
import { type Fields, fields, items, type WalkedDocument } from './document.ts'
import { checkStore } from './redis.ts'
import type { TlsCheck } from './tls.ts'

type Rule = (block: Fields, document: WalkedDocument, tls: TlsCheck | undefined) => void

const RULES: Readonly<Record<string, Rule>> = {
  timeout: checkTimeout,
  retry: checkRetry,
  rateLimit: checkRateLimit,
  authorize: checkAuthorize,
  fault: checkFault,
  idempotency: checkStore,
}

export function checkBlock(name: string, document: WalkedDocument, tls: TlsCheck | undefined): void {
  RULES[name]?.(fields(document.value[name]), document, tls)
}

function checkTimeout(block: Fields, document: WalkedDocument): void {
  const { request, perTry } = block
  if (typeof request !== 'number' || typeof perTry !== 'number' || perTry <= request) return
  const message = `timeout.perTry must be at most timeout.request (${formatDuration(request)}), found ${formatDuration(perTry)}`
  document.error('E045', document.valuePlace('timeout.perTry'), message)
}

function checkRetry(block: Fields, document: WalkedDocument): void {
  if (block.methods !== 'any' || block.unsafe === true) return
  const message =
    'retry.methods: any may carry a write out twice, so it must stand beside unsafe: true, found unsafe: false: ' +
    'add unsafe: true, or write keyed'
  document.error('E046', document.valuePlace('retry.methods'), message)
}

function checkRateLimit(block: Fields, document: WalkedDocument): void {
  const { scope, replicas } = block
  if (scope === 'fleet' && !document.placesBelow('rateLimit').has('replicas')) {
    const message = "'replicas' is missing in rateLimit: with scope: fleet it must say how many sidecars share the rate"
    document.error('E021', document.keyPlace('rateLimit.scope'), message)
  } else if (scope === 'replica' && replicas !== undefined) {
    const message = 'rateLimit.replicas is for scope: fleet only, and this one is scope: replica: leave one of them out'
    document.error('E028', document.keyPlace('rateLimit.replicas'), message)
  }
}

function checkAuthorize(block: Fields, document: WalkedDocument): void {
  for (const [index, entry] of items(block.allow).entries()) {
    for (const [at, path] of items(fields(entry).paths).entries()) {
      document.read(`authorize.allow.${index}.paths.${at}`, path, parsePathPattern)
    }
  }
}

function checkFault(block: Fields, document: WalkedDocument): void {
  const stated = document.placesBelow('fault')
  if (block.mode === 'disabled' || stated.has('delay') || stated.has('abort')) return
  document.error(
    'E021',
    document.keyPlace('fault'),
    "'delay' or 'abort' is missing in fault: without them it does nothing",
  )
}
