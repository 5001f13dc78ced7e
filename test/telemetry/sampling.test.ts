import t from 'tap'
import { compileSampler, type ParentDecision } from '../../src/telemetry/sampling.ts'

/** A word that is a quarter of the way. */
const QUARTER = { word: () => 0x4000_0000, fraction: () => 0.25 }
const PARENTS: readonly ParentDecision[] = ['none', 'unsampled', 'sampled']

t.test('Sampler.decide() follows the caller where the sampler is parent-based, else its ratio', async (t) => {
  const cases: [
    environment: Record<string, string>,
    ratio: number,
    none: boolean,
    unsampled: boolean,
    sampled: boolean,
  ][] = [
    [{}, 0.01, false, false, true],
    [{}, 0.3, true, false, true],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.3' }, 0, true, false, true],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 1, false, false, true],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, 0, true, true, true],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, 1, false, false, false],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.2' }, 1, false, false, false],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' }, 0, true, true, true],
  ]
  for (const [environment, ratio, ...wanted] of cases) {
    const sampler = compileSampler(environment, ratio, QUARTER)
    const decided = PARENTS.map((parent) => sampler.decide(parent))
    t.same(decided, wanted, `${JSON.stringify(environment)} ${ratio}`)
  }
})
