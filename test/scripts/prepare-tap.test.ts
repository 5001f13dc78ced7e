import t from 'tap'
import { unwanted } from '../../scripts/prepare-tap.ts'

t.test('unwanted() names the plugins that are built in although they are switched off', async (t) => {
  const built = 'import * as Plugin_typescript from "@tapjs/typescript";\nimport * as P from "@tapjs/spawn"'
  t.same(unwanted(built, ['!@tapjs/typescript', '!@tapjs/mock']), ['@tapjs/typescript'])
  t.same(unwanted(built, ['@tapjs/typescript']), [])
})
