import { usage } from '../command-line/usage.ts'

export const VALIDATE = usage({
  name: 'validate',
  brief: 'what is wrong with policy files, each problem with file:line:column',
  synopsis: 'PATH…',
  takesWords: true,
  flags: {
    format: { value: 'text|json|sarif', says: 'of the report', otherwise: 'text' },
    'warnings-as-errors': { says: 'exit 1 for warnings, too' },
  },
  variables: 'all',
  exit: { 0: 'the files may be loaded', 1: 'they may not' },
})
