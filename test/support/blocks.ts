/** The blocks of this version as the loader is handed them. */
export { BLOCKS } from '../../src/policies/index.ts'
