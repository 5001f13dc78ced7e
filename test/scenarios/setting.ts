/** What every scenario is given: how much faster, and how to start the processes. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { collectHard } from '../../src/core/garbage.ts'
import type { Launch } from '../../src/demo/shop.ts'
import type { Bound } from './bounds.ts'

export interface Setting {
  /** Every time is divided by it, every rate multiplied. 1: as told. */
  readonly scale: number
  readonly launch: Launch
  /** Only the variants whose name contains it; '' for all. */
  readonly only: string
  readonly poisson: boolean
}

/** What a scenario comes back with. */
export interface Outcome {
  readonly bounds: readonly Bound[]
  /** Somebody else had the machine: what was measured proves nothing. */
  readonly disturbed: boolean
}

export type Scenario = (setting: Setting, say: (text: string) => void) => Promise<Outcome>

/** A file of `policies/`, as shipped. */
export function shippedPolicy(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../policies/${name}.yaml`, import.meta.url)), 'utf8')
}

/** A generator that is later than this (p99, ms) had no machine to itself; on a quiet one it is 1.3. */
export const TOO_LATE = 4
/** So often, at most, is a measurement made that was disturbed. */
const TRIES = 3

/**
 * Measures again while a bound was missed on a machine that had other work to do. What was measured before is collected first: a collection of
 * that garbage in the midst of a measurement stops the generator for 15 ms, which every request then on its way would be charged with.
 */
export async function undisturbed<F>(
  measure: () => Promise<F>,
  judge: (figures: F) => { readonly missed: boolean; readonly disturbed: boolean },
  say: (text: string) => void,
): Promise<F> {
  for (let left = TRIES - 1; ; left--) {
    collectHard()
    const figures = await measure()
    const { missed, disturbed } = judge(figures)
    if (left === 0 || !missed || !disturbed) return figures
    say('A bound was missed while the machine was busy with something else; once more')
  }
}

/** Noise of the operating system does not shrink with the story: this much is allowed on top where times are scaled, in ms. */
export function noise(scale: number): number {
  return scale === 1 ? 0 : 50
}
