/** What is legal but surely not meant: one function a code, each over one policy with its blocks. */
import { issue } from '../issues.ts'
import type { BlockStatement, Issue, Place, PolicyDocument } from '../model.ts'
import {
  attemptsDoNotFit,
  perTryIsRequest,
  perTryOfOneAttempt,
  retriesWithoutLimit,
  retriesWithoutTime,
} from './attempts.ts'
import { moreCallsThanWindow, windowTooShort } from './breaker.ts'
import { queueOutlastsRequest } from './bulkhead.ts'
import type { Blocks, Check, ServiceSizes, Warning } from './check.ts'
import { cachedForWrites, madeUpSuccess, unknownNames } from './fallback.ts'
import { faultInForce } from './fault.ts'
import { hedgeAlone } from './hedge.ts'
import { outlierAlone } from './outlier.ts'
import { anyMethod } from './retry.ts'
import { requestOnStream } from './streams.ts'

/** Those that need to know more than one policy are added in `lint`. W011 to W015 are found elsewhere, by whoever sees the place. */
const CHECKS: readonly Check[] = [
  attemptsDoNotFit,
  perTryIsRequest,
  windowTooShort,
  queueOutlastsRequest,
  anyMethod,
  cachedForWrites,
  requestOnStream,
  madeUpSuccess,
  unknownNames,
  perTryOfOneAttempt,
  moreCallsThanWindow,
]

/** `now` since 1970, ms, where it is known. */
export function lint(policies: readonly PolicyDocument[], sizes: ServiceSizes, now: number | undefined): Issue[] {
  const checks = [...CHECKS, outlierAlone(sizes), faultInForce(now), retriesWithoutTime(policies), hedgeAlone(sizes)]
  const found = policies.flatMap((policy) => checks.flatMap((check) => check(blocksOf(policy), policy)))
  // A Profile that several policies use is warned of once.
  const once = new Map(
    found.map((warning) => [`${warning.code} ${placeKey(warning.place)} ${warning.message}`, warning]),
  )
  return [...once.values()].map(({ code, place, message }) => issue(code, place, message))
}

/** Where blocks of several policies may not fit each other. */
const TOGETHER: readonly ((blocks: Blocks) => Warning[])[] = [
  attemptsDoNotFit,
  windowTooShort,
  queueOutlastsRequest,
  retriesWithoutLimit,
]

/** Of blocks that hold for one request, from whichever policies they come. */
export function lintTogether(stated: readonly BlockStatement[]): Issue[] {
  const blocks = new Map(stated.filter(({ mode }) => mode === 'enforce').map((block) => [block.block, block]))
  return TOGETHER.flatMap((check) => check(blocks)).map(({ code, place, message }) => issue(code, place, message))
}

/** By name those at work, and those in shadow mode: what would be wrong is to be known before they are enforced. */
function blocksOf(policy: PolicyDocument): Blocks {
  const working = policy.blocks.filter((block) => block.mode !== 'disabled')
  return new Map<string, BlockStatement>(working.map((block) => [block.block, block]))
}

function placeKey({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}
