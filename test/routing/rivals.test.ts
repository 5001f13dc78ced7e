import t from 'tap'
import { resolve } from '../../src/routing/resolve.ts'
import { rulesFor } from '../../src/routing/rule.ts'
import { block, policy } from './models.ts'

type Policy = ReturnType<typeof policy>

/** The blocks that hold, and in brackets those that only watch, for a request that meets all of them. */
function holding(...policies: Policy[]): string {
  const to = { direction: 'outbound', service: 's', workload: 'w', port: undefined } as const
  const { blocks, shadows } = resolve(rulesFor(policies, to))
  return [...[...blocks.keys()].sort(), ...[...shadows.keys()].map((name) => `(${name})`)].join(' ')
}

const general = (...blocks: Parameters<typeof policy>[1]) => policy('general', blocks)
const special = (...blocks: Parameters<typeof policy>[1]) => policy('special', blocks, { service: 's' })

t.test('resolve() lets the more specific of hedge and retry hold', async (t) => {
  t.equal(holding(general('retry', 'timeout'), special('hedge')), 'hedge timeout')
  t.equal(holding(general('hedge', 'timeout'), special('retry')), 'retry timeout')
  t.equal(holding(special('hedge'), general('retry')), 'hedge', 'in whatever order they stand')
})

t.test('resolve() leaves both where one of them is taken away or only watches', async (t) => {
  t.equal(holding(general('retry'), special(block('hedge', {}, 'shadow'))), 'retry (hedge)')
  t.equal(holding(general('retry'), special(block('hedge', {}, 'disabled'))), 'hedge retry')
  t.equal(holding(general('hedge'), special(block('retry', {}, 'disabled'))), 'hedge retry')
})
