/** Every command, in the order in which one comes to need them. */
import type { Usage } from '../command-line/usage.ts'
import { CHECK, DIAG } from './cluster.ts'
import { EXPLAIN } from './explain.ts'
import { FIREWALL } from './firewall.ts'
import { DRAIN, HEALTHZ, WAIT } from './hooks.ts'
import { INJECT, UNINJECT } from './inject.ts'
import { INJECTOR } from './injector.ts'
import { TAP, TOP } from './live.ts'
import { DEMO, HELP, VERSION } from './others.ts'
import { RUN } from './run.ts'
import { SIMULATE } from './simulate.ts'
import { VALIDATE } from './validate.ts'

export const USAGES: readonly Usage[] = [
  RUN,
  VALIDATE,
  EXPLAIN,
  SIMULATE,
  TOP,
  TAP,
  DEMO,
  FIREWALL,
  INJECTOR,
  INJECT,
  UNINJECT,
  CHECK,
  DIAG,
  WAIT,
  DRAIN,
  HEALTHZ,
  VERSION,
  HELP,
]
