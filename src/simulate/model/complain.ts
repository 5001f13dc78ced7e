/** What is wrong with a model is told one by one, with its place. */
import type { Code } from '../../config/issues.ts'

/** `name`: dotted path of the value that is wrong. */
export type Complain = (code: Code, name: string, message: string) => void
