/** Defects of rescue that are known and not yet mended. Run by hand. */
import { createRescue } from '../../src/server/rescue.ts'
import { contractSuite } from './suite.ts'

contractSuite('rescue', () => ({ layer: createRescue('1.1 test') }), { runs: 1000 })
